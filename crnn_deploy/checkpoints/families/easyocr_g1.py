"""EasyOCR's generation-1 recognisers, such as `thai.pth`."""

from __future__ import annotations

from crnn_deploy.checkpoints.families.deep_text_layers import (
    HEAD_NAMES,
    RESNET_NAMES,
    SEQUENCE_NAMES,
    add_reading,
    add_resnet,
    colours,
)
from crnn_deploy.checkpoints.families.easyocr import fields_of, fits_easyocr, without_unread
from crnn_deploy.checkpoints.families.easyocr_charsets import charset_of
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.listing import Listing

_GENERATION = 1


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes; the charset by language or name of the file."""
    layers = Listing()
    add_resnet(layers, checkpoint)
    outputs = add_reading(layers, checkpoint)
    charset = charset_of(checkpoint, _GENERATION)
    fields = fields_of(charset, colours(checkpoint, "FeatureExtraction.ConvNet.conv0_1"), layers.architecture())
    return Recognised(fields, layers.renamed(without_unread(checkpoint.tensors, charset)), outputs)


FAMILY = WeightsFamily(
    name="easyocr-g1",
    about="EasyOCR, generation 1: a ResNet and two BiLSTMs with a linear layer each.",
    files="latin.pth, arabic.pth, thai.pth, …",
    example="import thai.pth --lang th,en -o thai.safetensors",
    names=(*RESNET_NAMES, *SEQUENCE_NAMES, HEAD_NAMES),
    load=_load,
    fits=fits_easyocr,
)
