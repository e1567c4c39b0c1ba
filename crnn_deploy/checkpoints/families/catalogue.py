"""All families. Of those that could be meant, an earlier one goes before a later one."""

from __future__ import annotations

from crnn_deploy.checkpoints.families import (
    crnn_pytorch,
    deep_text,
    easyocr_g1,
    easyocr_g2,
    legere,
    mmocr,
)
from crnn_deploy.checkpoints.families.doctr import mobilenet, vgg
from crnn_deploy.checkpoints.families.family import Family, FileFamily, WeightsFamily
from crnn_deploy.checkpoints.families.keras.family import FAMILY as KERAS
from crnn_deploy.checkpoints.families.kraken.family import FAMILY as KRAKEN
from crnn_deploy.checkpoints.families.onnx_catalogue import ONNX
from crnn_deploy.checkpoints.families.pylaia.family import FAMILY as PYLAIA

WEIGHTS: tuple[WeightsFamily, ...] = (
    easyocr_g2.FAMILY,
    easyocr_g1.FAMILY,
    deep_text.FAMILY,
    legere.FAMILY,
    crnn_pytorch.FAMILY,
    vgg.FAMILY,
    mobilenet.FAMILY,
    mmocr.FAMILY,
    PYLAIA,
)
FILES: tuple[FileFamily, ...] = (KRAKEN, KERAS)
ALL: tuple[Family, ...] = (*WEIGHTS, *FILES, *ONNX)
