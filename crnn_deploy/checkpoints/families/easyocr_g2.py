"""EasyOCR's generation-2 recognisers, such as `english_g2.pth`."""

from __future__ import annotations

from crnn_deploy.checkpoints.families.deep_text_layers import HEAD_NAMES, SEQUENCE_NAMES, colours
from crnn_deploy.checkpoints.families.easyocr import fields_of, fits_easyocr, without_unread
from crnn_deploy.checkpoints.families.easyocr_charsets import charset_of
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.tensor_names import NORM, WEIGHTS
from crnn_deploy.models.vgg_lstm import EasyOcrOptions
from crnn_deploy.validation import parse

_NAME = "easyocr-g2"
_GENERATION = 2

# Prefix in EasyOCR → prefix in our network.
_RENAMED = {"FeatureExtraction.ConvNet.": "features.", "SequenceModeling.": "sequence.", "Prediction.": "head."}
_STAGE_CONVOLUTIONS = (0, 3, 6, 11)

_NAMES = (
    rf"FeatureExtraction\.ConvNet\.(0|3|6|8|11|14|18){WEIGHTS}",
    rf"FeatureExtraction\.ConvNet\.(12|15){NORM}",
    *SEQUENCE_NAMES,
    HEAD_NAMES,
)


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes; the charset by language or name of the file."""
    convolutions = (f"FeatureExtraction.ConvNet.{index}.weight" for index in _STAGE_CONVOLUTIONS)
    sizes = {
        "channels": tuple(checkpoint.size(name, 0) for name in convolutions),
        "hidden": checkpoint.size("Prediction.weight", 1),
        "layers": checkpoint.count(r"SequenceModeling\.\d+\.linear\.weight"),
    }
    options = parse(EasyOcrOptions, sizes, "The sizes of the checkpoint")
    charset = charset_of(checkpoint, _GENERATION)
    architecture = {"family": _NAME, "options": options.model_dump()}
    fields = fields_of(charset, colours(checkpoint, "FeatureExtraction.ConvNet.0"), architecture)
    tensors = {_renamed(name): tensor for name, tensor in without_unread(checkpoint.tensors, charset).items()}
    return Recognised(fields, tensors, outputs=checkpoint.size("Prediction.weight", 0))


def _renamed(name: str) -> str:
    for original, ours in _RENAMED.items():
        if name.startswith(original):
            return ours + name.removeprefix(original)
    return name


FAMILY = WeightsFamily(
    name=_NAME,
    about="EasyOCR, generation 2: VGG features and two BiLSTMs with a linear layer each.",
    files="english_g2.pth, latin_g2.pth, japanese_g2.pth, …",
    example="import english_g2.pth -o teacher.safetensors",
    names=_NAMES,
    load=_load,
    fits=fits_easyocr,
)
