"""Readings as rows of text, one for each image."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crnn_deploy.escaping import json_line, tsv_field
from crnn_deploy.reading.reading import Reading


@dataclass(frozen=True)
class Rows:
    """One format: what stands before all rows, and the row of an image of a path, each with its line end."""

    head: str
    row: Callable[[str, Reading], str]


def as_tsv(rows: Iterable[Sequence[str]]) -> str:
    """Rows of fields that hold no tab and no line end."""
    return "".join("\t".join(row) + "\n" for row in rows)


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows of fields, quoted where they need it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _fields(path: str, reading: Reading) -> tuple[str, str, str]:
    return tsv_field(path), tsv_field(reading.text), f"{reading.confidence:.3f}"


def _jsonl(path: str, reading: Reading) -> str:
    characters = [
        {"text": each.text, "confidence": round(each.confidence, 4), "left": each.left, "right": each.right}
        for each in reading.characters
    ]
    row = {"path": path, "text": reading.text, "confidence": round(reading.confidence, 4), "characters": characters}
    return json_line(row) + "\n"


ROWS: Mapping[str, Rows] = {
    "tsv": Rows("", lambda path, reading: as_tsv([_fields(path, reading)])),
    "csv": Rows("path,text,confidence\n", lambda path, reading: as_csv([_fields(path, reading)])),
    "jsonl": Rows("", _jsonl),
}
