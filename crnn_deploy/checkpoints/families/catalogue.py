"""All families. Among those that are recognised from their tensors, an earlier one goes before a later one."""

from __future__ import annotations

from crnn_deploy.checkpoints.families import crnn_pytorch, deep_text, easyocr_g1, easyocr_g2, legere, ppocr
from crnn_deploy.checkpoints.families.family import Family, FileFamily, WeightsFamily

WEIGHTS: tuple[WeightsFamily, ...] = (
    easyocr_g2.FAMILY,
    easyocr_g1.FAMILY,
    deep_text.FAMILY,
    legere.FAMILY,
    crnn_pytorch.FAMILY,
)
FILES: tuple[FileFamily, ...] = ()
ALL: tuple[Family, ...] = (*WEIGHTS, *FILES, ppocr.FAMILY)
