"""Readings as rows of text, one for each image."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crnn_deploy.escaping import json_line, tsv_field
from crnn_deploy.reading.reading import Reading


@dataclass(frozen=True)
class Rows:
    """One format: what stands before all rows, and the row of an image of a path, each with its line end."""

    head: str
    row: Callable[[str, Reading], str]


def _tsv(path: str, reading: Reading) -> str:
    return "\t".join((tsv_field(path), tsv_field(reading.text), f"{reading.confidence:.3f}")) + "\n"


def _csv(path: str, reading: Reading) -> str:
    line = io.StringIO()
    row = (tsv_field(path), tsv_field(reading.text), f"{reading.confidence:.3f}")
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _jsonl(path: str, reading: Reading) -> str:
    characters = [
        {"text": each.text, "confidence": round(each.confidence, 4), "left": each.left, "right": each.right}
        for each in reading.characters
    ]
    row = {"path": path, "text": reading.text, "confidence": round(reading.confidence, 4), "characters": characters}
    return json_line(row) + "\n"


ROWS: Mapping[str, Rows] = {
    "tsv": Rows("", _tsv),
    "csv": Rows("path,text,confidence\n", _csv),
    "jsonl": Rows("", _jsonl),
}
