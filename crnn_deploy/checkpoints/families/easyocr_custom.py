"""Custom models of EasyOCR: `NAME.yaml` beside `NAME.pth` says what they read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crnn_deploy.checkpoints.families.family import Checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_CLASSES, MAX_HEIGHT
from crnn_deploy.text_formats import read_yaml

_HEIGHT = 64  # of all published models
_SIZES = ("input_channel", "output_channel", "hidden_size")


@dataclass(frozen=True)
class Custom:
    """What the file says: characters in class order, codes of languages, and the height of lines in pixels."""

    characters: str
    languages: tuple[str, ...]
    height: int


def read_custom(checkpoint: Checkpoint) -> Custom | None:
    """What `NAME.yaml` beside the checkpoint says; None where there is no such file, or it is of another kind.

    Raises:
        InputError: if the file is damaged, or its sizes are not those of the weights.
    """
    file = checkpoint.path.with_suffix(".yaml")
    content = read_yaml(file) if file.is_file() else None
    if not isinstance(content, dict) or "character_list" not in content:
        return None
    _check_sizes(content.get("network_params"), checkpoint, str(file))
    languages = content.get("lang_list")
    height = content.get("imgH") or _HEIGHT
    if not isinstance(height, int) or not 0 < height <= MAX_HEIGHT:
        raise InputError(f"{file}: imgH must be a number of pixels from 1 to {MAX_HEIGHT:,}.")
    codes = tuple(str(code) for code in languages) if isinstance(languages, list) else ()
    return Custom(_characters(content["character_list"], str(file)), codes, height)


def _characters(value: Any, file: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) < MAX_CLASSES:
        raise InputError(
            f"{file}: character_list must be a text with one character for each class.",
            "Digits without quotes are a number in YAML." if isinstance(value, (int, float)) else "",
            "Write it in quotes: character_list: '0123456789'.",
        )
    return value


def _check_sizes(params: Any, checkpoint: Checkpoint, file: str) -> None:
    """Raise `InputError` where `network_params` says other sizes than the weights have."""
    first = next((name for name in checkpoint.tensors if checkpoint.tensors[name].ndim == 4), "")
    found = (
        checkpoint.size(first, 1),
        checkpoint.size("SequenceModeling.0.rnn.weight_ih_l0", 1),
        checkpoint.size("Prediction.weight", 1),
    )
    for name, size in zip(_SIZES, found, strict=True):
        said = params.get(name, size) if isinstance(params, dict) else size
        if said != size:
            raise InputError(
                f"{file} says {name}: {str(said)[:40]}, and the weights in {checkpoint.path} have {size}.",
                "The file describes another model.",
                "Put the model's own file there, or move this one away.",
            )
