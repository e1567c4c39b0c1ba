"""The recogniser of the package `legere` (`data/model.pt`)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from crnn_deploy.checkpoints.adapter import Recognised, count_layers, size_of
from crnn_deploy.checkpoints.state_dict import StateDict
from crnn_deploy.models.legere import BLOCK_STRIDES, LegereOptions
from crnn_deploy.spec import Preprocessing
from crnn_deploy.validation import parse

FAMILY = "legere"

# The package rounds the width to the nearest pixel. Rounding up reads 1,000 receipt lines as well (25.76 % CER against
# 25.90 %), and gives exactly the reference figures.
_PREPROCESSING = Preprocessing(
    height=32, width_rounding="ceil", width_multiple=4, min_width=8, max_width=1280, padding="white"
)


def matches(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these are the tensors of a stem, six separable blocks, a GRU and a head."""
    blocks = len(BLOCK_STRIDES)
    return (
        count_layers(tensors, r"blocks\.\d+\.depthwise\.weight") == blocks
        and count_layers(tensors, r"blocks\.\d+\.pointwise\.weight") == blocks
        and all(name in tensors for name in ("stem.0.weight", "rnn.weight_hh_l0", "head.weight"))
    )


def load(state: StateDict) -> Recognised:
    """Sizes from the shapes; the charset is stored beside the weights."""
    tensors = state.tensors
    sizes = {
        "stem": size_of(tensors, "stem.0.weight", 0),
        "channels": tuple(
            size_of(tensors, f"blocks.{index}.pointwise.weight", 0) for index in range(len(BLOCK_STRIDES))
        ),
        "hidden": size_of(tensors, "rnn.weight_hh_l0", 1),
        "layers": count_layers(tensors, r"rnn\.weight_hh_l\d+"),
    }
    options = parse(LegereOptions, sizes, "The sizes of the checkpoint")
    fields = {
        "name": "legere",
        "charset": state.extras.get("charset", ""),
        "preprocessing": _PREPROCESSING.model_dump(),
        "architecture": {"family": FAMILY, "options": options.model_dump()},
    }
    return Recognised(fields, dict(tensors), outputs=size_of(tensors, "head.weight", 0))
