"""CTC models of deep-text-recognition-benchmark (clovaai): `None|TPS - VGG|RCNN|ResNet - None|BiLSTM - CTC`.

Baek et al., "What Is Wrong With Scene Text Recognition Model Comparisons?" (arXiv 1904.01906).
"""

from __future__ import annotations

import string
from typing import Any

from torch import Tensor

from crnn_deploy.checkpoints.families.deep_text_layers import (
    FEATURES,
    add_reading,
    add_recurrent_convolutions,
    add_resnet,
    add_vgg,
    colours,
)
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.listing import Listing
from crnn_deploy.checkpoints.families.tensor_names import LSTM, NORM, WEIGHTS
from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.scene_text_options import Rectify
from crnn_deploy.preprocessing import Preprocessing

_ALPHABET = string.digits + string.ascii_lowercase
_SENSITIVE = string.digits + string.ascii_letters + string.punctuation  # of models trained with --sensitive
# Of models trained with --PAD the ratio is kept; the weights don't tell.
_PREPROCESSING = Preprocessing(height=32, width=100, resize="bicubic", padding="edge")

_LOCALISATION = "Transformation.LocalizationNetwork"
_SPLINE = "Transformation.GridGenerator"
_INVERSE, _BASIS = f"{_SPLINE}.inv_delta_C", f"{_SPLINE}.P_hat"
_AFFINE = 3  # coefficients of a spline beside one for each point: a constant, x and y
_FIRST_X = 1  # column of the basis with the x of each pixel, after the constant

_NAMES = (
    rf"FeatureExtraction\.ConvNet\.(\w+|layer[1-4]\.\d+\.(conv[12]|bn[12]|downsample\.[01])){NORM}"
    rf"|FeatureExtraction\.ConvNet\.\d\.(w\w+|BN_x_init|GRCL\.\d+\.BN_\w+){NORM}",
    r"Prediction\.(weight|bias|attention_cell\..*|generator\..*)"
    rf"|SequenceModeling\.\d+\.(linear{WEIGHTS}|rnn{LSTM})"
    r"|Transformation\.(LocalizationNetwork|GridGenerator)\..*",
)


def _load(checkpoint: Checkpoint) -> Recognised:
    """Stages and sizes from names and shapes; the charset by the size of the head."""
    if checkpoint.count(r"Prediction\.attention_cell\..*"):
        raise InputError(
            f"{checkpoint.path} has an attention head, and crnn-deploy is for CTC.",
            "It writes one character after the other, each from those before it, and has no logits for frames.",
            "Train it with --Prediction CTC.",
        )
    layers = Listing()
    tensors = dict(checkpoint.tensors)
    preprocessing: dict[str, Any] = _PREPROCESSING.model_dump()
    if checkpoint.count(r"Transformation\..*"):
        rectify = _add_rectification(layers, checkpoint)
        preprocessing |= {"height": rectify.height, "width": rectify.width}
        tensors[f"{_SPLINE}.spline"] = _spline(tensors.pop(_BASIS), tensors.pop(_INVERSE, None), rectify.points)
    preprocessing["channels"] = _add_features(layers, checkpoint)
    outputs = add_reading(layers, checkpoint)
    fields = {
        "charset": _SENSITIVE if outputs == len(_SENSITIVE) + 1 else _ALPHABET,
        "preprocessing": preprocessing,
        "architecture": layers.architecture(),
    }
    return Recognised(fields, layers.renamed(tensors), outputs)


def _add_features(layers: Listing, checkpoint: Checkpoint) -> str:
    """The convolutions, and the colours that they read."""
    if f"{FEATURES}.conv0_1.weight" in checkpoint.tensors:
        add_resnet(layers, checkpoint)
        return colours(checkpoint, f"{FEATURES}.conv0_1")
    recurrent = checkpoint.count(r"FeatureExtraction\.ConvNet\.\d\.wf_u\.weight")
    (add_recurrent_convolutions if recurrent else add_vgg)(layers, checkpoint)
    return colours(checkpoint, f"{FEATURES}.0")


def _add_rectification(layers: Listing, checkpoint: Checkpoint) -> Rectify:
    """The spatial transformer; the size of its result is in the grid of its spline, which is stored with the weights.

    x and y of the pixels are the centres of pixels from -1 to 1, so the first x is 1 / width - 1.
    """
    convolutions = checkpoint.count(r"Transformation\.LocalizationNetwork\.conv\.\d+\.running_mean")
    pixels, coefficients = (checkpoint.size(_BASIS, axis) for axis in range(2))
    first_x = float(checkpoint.tensors[_BASIS][0, _FIRST_X]) if pixels and coefficients > _FIRST_X else 0.0
    width = round(1 / (1 + first_x)) if -1 < first_x < 0 else 0
    if not width or pixels % width:
        raise InputError(
            f"The grid of the spatial transformer in {checkpoint.path} is not that of a picture.",
            f"It has {pixels:,} pixels, of which the first lies at x = {first_x:g}.",
        )
    first = f"{_LOCALISATION}.conv.0.weight"
    rectify = Rectify(
        inputs=checkpoint.size(first, 1),
        channels=tuple(checkpoint.size(f"{_LOCALISATION}.conv.{4 * index}.weight", 0) for index in range(convolutions)),
        hidden=checkpoint.size(f"{_LOCALISATION}.localization_fc1.0.weight", 0),
        points=coefficients - _AFFINE,
        height=pixels // width,
        width=width,
    )
    weights = {"convolutions": "conv", "hidden": "localization_fc1.0", "points": "localization_fc2"}
    prefixed = {ours: f"{_LOCALISATION}.{theirs}" for ours, theirs in weights.items()}
    layers.add(rectify, {**prefixed, "": _SPLINE})
    return rectify


def _spline(basis: Tensor, inverse: Tensor | None, points: int) -> Tensor:
    """From where the points are to where each pixel comes from: both steps in one, and in double precision.

    In FP32 the coefficients between the steps round so that runtimes differ.
    """
    coefficients = points + _AFFINE
    if inverse is None or inverse.shape != (coefficients, coefficients) or basis.ndim != 2:
        raise InputError(
            "The spline of the spatial transformer is incomplete.",
            f"Expected a tensor {_INVERSE} of {coefficients} x {coefficients}.",
            "Save the whole state dict: torch.save(model.state_dict(), PATH).",
        )
    return (basis.double() @ inverse.double()[:, :points]).float()


FAMILY = WeightsFamily(
    name="deep-text",
    about="deep-text-recognition-benchmark: TPS or none, VGG, RCNN or ResNet, BiLSTM or none, with CTC.",
    files="best_accuracy.pth",
    example="import best_accuracy.pth --family deep-text -o deep-text.safetensors",
    names=_NAMES,
    load=_load,
)
