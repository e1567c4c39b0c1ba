"""All families. Among those that are recognised from their tensors, an earlier one goes before a later one."""

from __future__ import annotations

from crnn_deploy.checkpoints.families import crnn_pytorch, easyocr_g2, legere, ppocr
from crnn_deploy.checkpoints.families.family import Family, FileFamily, WeightsFamily
from crnn_deploy.checkpoints.families.keras import family as keras

WEIGHTS: tuple[WeightsFamily, ...] = (easyocr_g2.FAMILY, legere.FAMILY, crnn_pytorch.FAMILY)
FILES: tuple[FileFamily, ...] = (keras.FAMILY,)
ALL: tuple[Family, ...] = (*WEIGHTS, *FILES, ppocr.FAMILY)
