"""MMOCR's CRNN, versions 0.x and 1.x: the network of crnn.pytorch under other names, and its own charset and blank.

Names, charset, blank and preprocessing are those of its configurations `crnn_academic_dataset` (0.x) and
`crnn_mini-vgg_5e_mj` (1.x), as far as they are known here: they were not compared with MMOCR's own code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crnn_deploy.checkpoints.families import crnn_pytorch
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.tensor_names import LSTM, NORM, WEIGHTS
from crnn_deploy.preprocessing import Preprocessing

_CHARSET = "0123456789abcdefghijklmnopqrstuvwxyz"  # DICT36, and lower_english_digits.txt
_NORM: dict[str, Any] = {"mean": (127 / 255,), "std": (127 / 255,)}
_OLD = Preprocessing(height=32, width=100, resize="linear", **_NORM)
# Version 1.x stretches lines to multiples of 16 pixels; here they keep their ratio and are padded to multiples of 4.
_NEW = Preprocessing(height=32, width_multiple=4, min_width=32, resize="linear", padding="edge", **_NORM)
_RENAMED = ((r"^backbone\.cnn\.", "cnn."), (r"^decoder\.decoder\.", "rnn."))
_OLD_KEYS, _NEW_KEYS = ("mmcv_version", "mmocr_version"), ("mmengine_version", "cfg", "experiment_name")


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes; which version from `meta` beside the weights, where there is one."""
    tensors = {_renamed(name): tensor for name, tensor in checkpoint.tensors.items()}
    recognised = crnn_pytorch.FAMILY.load(replace(checkpoint, tensors=tensors))
    old, reason = _is_old(checkpoint.extras.get("meta"))
    channels = recognised.fields["preprocessing"]["channels"]
    fields: dict[str, Any] = {
        **recognised.fields,
        "preprocessing": {**(_OLD if old else _NEW).model_dump(), "channels": channels},
        "blank": 0 if old else recognised.outputs - 1,
    }
    if recognised.outputs == len(_CHARSET) + 2:
        reason += "; its head has one more class than MMOCR's dictionary, for unknown characters: name it in a spec"
    return Recognised(fields, recognised.tensors, recognised.outputs, reason)


def _renamed(name: str) -> str:
    for theirs, ours in _RENAMED:
        name = re.sub(theirs, ours, name)
    return name


def _is_old(meta: object) -> tuple[bool, str]:
    """Whether it is of version 0.x, whose blank comes first; 1.x has it last, as the padding of its dictionary."""
    keys = meta.keys() if isinstance(meta, Mapping) else ()
    if any(key in keys for key in _NEW_KEYS):
        return False, "its `meta` is that of MMOCR 1.x: the blank is the last class"
    if any(key in keys for key in _OLD_KEYS):
        return True, "its `meta` is that of MMOCR 0.x: the blank is the first class"
    return False, "it has no `meta`: taken for MMOCR 1.x, with the blank last (0.x: --spec with `blank: 0`)"


_CNN, _RNN = r"backbone\.cnn", r"decoder\.decoder\.\d"
FAMILY = WeightsFamily(
    name="mmocr",
    about="MMOCR's CRNN, 0.x and 1.x: MiniVGG and two BiLSTMs with a linear layer each.",
    files="crnn_mini-vgg_5e_mj.pth",
    example="import crnn_mini-vgg_5e_mj.pth -o mmocr.safetensors",
    names=(
        rf"{_CNN}\.conv[0-6]{WEIGHTS}",
        rf"{_CNN}\.batchnorm\d{NORM}",
        rf"{_RNN}\.rnn{LSTM}",
        rf"{_RNN}\.embedding{WEIGHTS}",
    ),
    load=_load,
)
