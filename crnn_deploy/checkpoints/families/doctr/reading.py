"""What docTR's recognisers see and write: preprocessing, vocabularies, and the `config.json` of its model hub."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.text_formats import read_json
from crnn_deploy.units import listed

# Of docTR's default configurations. It pads in black on the right, or below where a line is wider than 4:1.
PREPROCESSING = Preprocessing(
    channels="RGB",
    height=32,
    width=128,
    keep_ratio=True,
    letterbox=True,
    width_rounding="floor",
    mean=(0.694, 0.695, 0.693),
    std=(0.299, 0.296, 0.301),
    padding="black",
)
_PREFERRED = ("french", "english")  # of the published models, and the most general one of its size
_CONFIG = "config.json"


def reading_fields(path: Path, outputs: int, height: int, language: str) -> tuple[dict[str, Any], str]:
    """Charset, blank and preprocessing for a head of `outputs` classes, and where the charset comes from.

    Args:
        path: of the checkpoint; a `config.json` beside it is read.
        height: of the input in pixels, as the weights say.
        language: name of a vocabulary; empty: that of the configuration, else the one of this size.

    Raises:
        InputError: if there is no such vocabulary.
    """
    config = _config(path)
    preprocessing = {**PREPROCESSING.model_dump(), "height": height, "width": 4 * height}
    preprocessing |= {key: config[key] for key in ("mean", "std") if key in config}
    shape = config.get("input_shape")
    if isinstance(shape, list) and len(shape) == 3:
        preprocessing |= {"height": shape[1], "width": shape[2]}
    vocabulary = config.get("vocab")
    if isinstance(vocabulary, str) and vocabulary and not language:
        charset, reason = vocabulary, f"the vocabulary is that of {_CONFIG} beside it"
    else:
        charset, reason = _named(language) if language else of_size(outputs - 1)
    fields = {"charset": charset} if charset else {}
    return {**fields, "blank": len(charset) or outputs - 1, "preprocessing": preprocessing}, reason


def of_size(size: int) -> tuple[str, str]:
    """The published vocabulary with `size` characters, and why it is this one; empty where it is not known which."""
    fitting = [name for name, characters in vocabularies().items() if len(characters) == size]
    if not fitting:
        return "", f"none of docTR's vocabularies has {size:,} characters: put its {_CONFIG} beside it, or give a spec"
    preferred = [name for name in _PREFERRED if name in fitting]
    if not preferred and len({vocabularies()[name] for name in fitting}) > 1:
        return "", f"docTR has several vocabularies with {size:,} characters; choose with --lang: {', '.join(fitting)}"
    name = (preferred or fitting)[0]
    others = [other for other in fitting if vocabularies()[other] != vocabularies()[name]]
    reason = f"{size:,} characters and the blank fit docTR's vocabulary '{name}'"
    return vocabularies()[name], reason + (f", and also {listed(others)} (--lang)" if others else "")


@cache
def vocabularies() -> dict[str, str]:
    """docTR's published vocabularies (`doctr.datasets.VOCABS`, version 1.1) by name, and `legacy_french` of 0.x."""
    content: dict[str, str] = read_json(Path(__file__).with_name("vocabs.json"))
    return content


def _named(language: str) -> tuple[str, str]:
    known = vocabularies()
    if language not in known:
        raise InputError(f"docTR has no vocabulary '{language}'.", f"It has {', '.join(known)}.")
    return known[language], f"--lang chose docTR's vocabulary '{language}'"


def _config(path: Path) -> dict[str, Any]:
    """The content of a `config.json` beside the checkpoint; empty if there is none, or none of a recogniser."""
    file = path.with_name(_CONFIG)
    content = read_json(file) if file.is_file() else {}
    is_docs = isinstance(content, dict) and str(content.get("arch", "")).startswith("crnn")
    return content if is_docs else {}
