"""PaddleOCR's dictionaries: text files with one character in each line, beside a model."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_CLASS_TEXT, MAX_NEIGHBOURS, MAX_YAML
from crnn_deploy.text_formats import read_text

_KEYS = "ppocr_keys_v1.txt"
_MOST_SPACES = 2  # one that PaddleOCR appends, and one that a dictionary had as an empty last line
_COLOURS = 3


def dictionary_beside(path: Path, outputs: int, sizes: tuple[int, ...]) -> tuple[list[str], str] | None:
    """The dictionary beside a model with `outputs` classes, and which file it is; None if there is none that fits.

    Files called `*dict*.txt` or `ppocr_keys_v1.txt` go first; any other `.txt` must be the only one that fits.

    Raises:
        InputError: if several different ones fit.
    """
    if not outputs or sizes[1:2] != (_COLOURS,):
        return None
    fitting = {file.name: lines for file in _text_files(path) if _fits(lines := _lines(file), outputs)}
    named = {name: lines for name, lines in fitting.items() if "dict" in name.lower() or name == _KEYS}
    chosen = named or fitting
    if len(set(map(tuple, chosen.values()))) > 1:
        raise InputError(
            f"Several dictionaries beside {path} fit its {outputs:,} classes: {', '.join(chosen)}.",
            fix="Keep the right one, or name it in a spec: --spec SPEC.yaml with `charset_file: …`.",
        )
    name = next(iter(chosen), None)
    return (chosen[name], f"the dictionary {name} beside it fits its {outputs:,} classes") if name else None


def with_spaces(characters: list[str], outputs: int) -> list[str]:
    """The characters with the space that PaddleOCR appends, or as many as the head has classes for."""
    missing = outputs - 1 - len(characters)
    return [*characters, *[" "] * (missing if outputs and 0 <= missing <= _MOST_SPACES else 1)]


def _fits(lines: list[str], outputs: int) -> bool:
    return bool(lines) and 0 <= outputs - 1 - len(lines) <= _MOST_SPACES


def _text_files(path: Path) -> list[Path]:
    files = islice(path.parent.glob("*.txt"), MAX_NEIGHBOURS)
    return sorted(file for file in files if file.is_file() and file.stat().st_size <= MAX_YAML)


def _lines(file: Path) -> list[str]:
    """The lines of a dictionary; none if the file is of another kind."""
    try:
        lines = read_text(file, MAX_YAML).removesuffix("\n").split("\n")
    except InputError:
        return []
    return lines if all(0 < len(line) <= MAX_CLASS_TEXT for line in lines) else []
