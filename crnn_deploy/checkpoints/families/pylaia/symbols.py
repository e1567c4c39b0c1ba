"""PyLaia's table of symbols: a text file with a symbol and its number in each line."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.checkpoints.families.pylaia.neighbours import beside_or_above
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_CLASSES, MAX_YAML
from crnn_deploy.text_formats import read_text

_FILE = "syms.txt"
_SPACE = "<space>"


def read_symbols(checkpoint: Path) -> tuple[list[str], str]:
    """The characters in class order, without the blank, and where they come from; none where there is no table.

    The blank is the symbol with the number 0, whatever it is called.

    Raises:
        InputError: if the table is damaged.
    """
    file = beside_or_above(checkpoint, _FILE)
    if file is None:
        return [], f"there is no {_FILE} beside it: give the charset in a spec"
    symbols = _by_number(file)
    characters = [" " if symbols[number] == _SPACE else symbols[number] for number in range(1, len(symbols))]
    return characters, f"its charset is that of {file}"


def _by_number(file: Path) -> dict[int, str]:
    symbols: dict[int, str] = {}
    for number, line in enumerate(read_text(file, MAX_YAML).split("\n"), 1):
        parts = line.split()
        if not parts:
            continue
        place = int(parts[1]) if len(parts) == 2 and parts[1].isascii() and parts[1].isdigit() else MAX_CLASSES
        if place >= MAX_CLASSES or place in symbols:
            raise InputError(
                f"{file}, line {number}: expected a symbol and a number of its own, got {line[:40]!r}.",
                "It is no table of symbols of PyLaia, or it is damaged.",
                "Put the model's own table there, or move this file away and give the charset in a spec.",
            )
        symbols[place] = parts[0]
    missing = next((number for number in range(len(symbols) + 1) if number not in symbols), 0)
    if missing < max(1, len(symbols)):
        raise InputError(
            f"{file} has no symbol with the number {missing}.",
            "PyLaia numbers symbols from 0, the blank, without gaps.",
            "Put the model's own table there.",
        )
    return symbols
