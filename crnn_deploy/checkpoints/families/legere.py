"""The recogniser of the package `legere` (`data/model.pt`)."""

from __future__ import annotations

from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.models.legere import BLOCK_STRIDES, LegereOptions
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.validation import parse

_NAME = "legere"

# The package rounds the width to the nearest pixel. Rounding up reads 1,000 receipt lines as well (25.76 % CER against
# 25.90 %), and gives exactly the reference figures.
_PREPROCESSING = Preprocessing(
    height=32, width_rounding="ceil", width_multiple=4, min_width=8, max_width=1280, padding="white"
)


_BLOCK = r"blocks\.[0-5]"
_NAMES = (
    r"stem\.0\.(weight|bias)",
    r"stem\.1\..*",
    rf"{_BLOCK}\.(depthwise|pointwise)\.(weight|bias)",
    rf"{_BLOCK}\.(?!depthwise|pointwise).*",
    r"rnn\.(weight|bias)_[ih]h_l\d+(_reverse)?",
    r"head\.(weight|bias)",
)


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes; the charset is stored beside the weights."""
    blocks = (f"blocks.{index}.pointwise.weight" for index in range(len(BLOCK_STRIDES)))
    sizes = {
        "stem": checkpoint.size("stem.0.weight", 0),
        "channels": tuple(checkpoint.size(name, 0) for name in blocks),
        "hidden": checkpoint.size("rnn.weight_hh_l0", 1),
        "layers": checkpoint.count(r"rnn\.weight_hh_l\d+"),
    }
    options = parse(LegereOptions, sizes, "The sizes of the checkpoint")
    fields = {
        "name": "legere",
        "charset": checkpoint.extras.get("charset", ""),
        "preprocessing": _PREPROCESSING.model_dump(),
        "architecture": {"family": _NAME, "options": options.model_dump()},
    }
    return Recognised(fields, dict(checkpoint.tensors), outputs=checkpoint.size("head.weight", 0))


FAMILY = WeightsFamily(
    name=_NAME,
    about="The recogniser of the package legere: separable convolutions and a BiGRU.",
    files="model.pt",
    example="import model.pt -o legere.safetensors",
    names=_NAMES,
    load=_load,
)
