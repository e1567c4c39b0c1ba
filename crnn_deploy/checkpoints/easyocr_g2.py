"""EasyOCR's generation-2 recognisers, such as `english_g2.pth`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from crnn_deploy.checkpoints.adapter import Recognised, count_layers, size_of
from crnn_deploy.checkpoints.state_dict import StateDict
from crnn_deploy.models.vgg_lstm import EasyOcrOptions
from crnn_deploy.spec import Preprocessing
from crnn_deploy.validation import parse

FAMILY = "easyocr-g2"

# From EasyOCR's config.py. The checkpoints of other languages do not contain their characters, and need a spec.
ENGLISH_G2 = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# EasyOCR pads to the widest line of a batch, so its text depends on the other lines; here the width depends only on the
# line. Multiples of 1, 4, 8, 16, 32 and 64 read 1,000 receipt lines with 14.41, 14.42, 14.39, 14.28, 14.28 and 14.23 %
# CER. With 32, batches of equal width are large, and short lines are padded only a little.
_PREPROCESSING = Preprocessing(
    height=64, width_rounding="ceil", width_multiple=32, min_width=16, resize="bicubic", padding="edge"
)

# Prefix in EasyOCR → prefix in our network.
_RENAMED = {"FeatureExtraction.ConvNet.": "features.", "SequenceModeling.": "sequence.", "Prediction.": "head."}
_STAGE_CONVOLUTIONS = (0, 3, 6, 11)


def matches(tensors: Mapping[str, Tensor]) -> bool:
    """Whether this is the VGG network with its own linear layer after each LSTM."""
    convolutions = [f"FeatureExtraction.ConvNet.{index}.weight" for index in (*_STAGE_CONVOLUTIONS, 8, 14, 18)]
    rest = ["SequenceModeling.0.rnn.weight_hh_l0", "SequenceModeling.0.linear.weight", "Prediction.weight"]
    return all(name in tensors for name in convolutions + rest)


def load(state: StateDict) -> Recognised:
    """Sizes from the shapes; charset and preprocessing as `english_g2` has them."""
    tensors = {_renamed(name): tensor for name, tensor in state.tensors.items()}
    sizes = {
        "channels": tuple(size_of(tensors, f"features.{index}.weight", 0) for index in _STAGE_CONVOLUTIONS),
        "hidden": size_of(tensors, "head.weight", 1),
        "layers": count_layers(tensors, r"sequence\.\d+\.linear\.weight"),
    }
    options = parse(EasyOcrOptions, sizes, "The sizes of the checkpoint")
    fields = {
        "charset": ENGLISH_G2,
        "preprocessing": _PREPROCESSING.model_dump(),
        "architecture": {"family": FAMILY, "options": options.model_dump()},
    }
    return Recognised(fields, tensors, outputs=size_of(tensors, "head.weight", 0))


def _renamed(name: str) -> str:
    for original, ours in _RENAMED.items():
        if name.startswith(original):
            return ours + name.removeprefix(original)
    return name
