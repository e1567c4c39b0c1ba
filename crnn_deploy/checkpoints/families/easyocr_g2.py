"""EasyOCR's generation-2 recognisers, such as `english_g2.pth`."""

from __future__ import annotations

from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.models.vgg_lstm import EasyOcrOptions
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.validation import parse

_NAME = "easyocr-g2"

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


_NAMES = (
    r"FeatureExtraction\.ConvNet\.(0|3|6|8|11|14|18)\.(weight|bias)",
    r"FeatureExtraction\.ConvNet\.(12|15)\.(weight|bias|running_mean|running_var|num_batches_tracked)",
    r"SequenceModeling\.\d+\.rnn\.(weight|bias)_[ih]h_l0(_reverse)?",
    r"SequenceModeling\.\d+\.linear\.(weight|bias)",
    r"Prediction\.(weight|bias)",
)


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes; charset and preprocessing as `english_g2` has them."""
    convolutions = (f"FeatureExtraction.ConvNet.{index}.weight" for index in _STAGE_CONVOLUTIONS)
    sizes = {
        "channels": tuple(checkpoint.size(name, 0) for name in convolutions),
        "hidden": checkpoint.size("Prediction.weight", 1),
        "layers": checkpoint.count(r"SequenceModeling\.\d+\.linear\.weight"),
    }
    options = parse(EasyOcrOptions, sizes, "The sizes of the checkpoint")
    fields = {
        "charset": ENGLISH_G2,
        "preprocessing": _PREPROCESSING.model_dump(),
        "architecture": {"family": _NAME, "options": options.model_dump()},
    }
    tensors = {_renamed(name): tensor for name, tensor in checkpoint.tensors.items()}
    return Recognised(fields, tensors, outputs=checkpoint.size("Prediction.weight", 0))


def _renamed(name: str) -> str:
    for original, ours in _RENAMED.items():
        if name.startswith(original):
            return ours + name.removeprefix(original)
    return name


FAMILY = WeightsFamily(
    name=_NAME,
    about="EasyOCR, generation 2: VGG features and two BiLSTMs with a linear layer each.",
    files="english_g2.pth",
    example="import english_g2.pth -o teacher.safetensors",
    names=_NAMES,
    load=_load,
)
