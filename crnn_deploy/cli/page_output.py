"""Pages as rows of text, and as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crnn_deploy.cli.reading_rows import as_csv, as_tsv
from crnn_deploy.escaping import json_line, tsv_field
from crnn_deploy.files import replacing
from crnn_deploy.pages.formats import alto, hocr
from crnn_deploy.pages.page import Page
from crnn_deploy.pages.quad import Quad

CSV_HEAD = "path,text,confidence,left,top,right,bottom\n"

_SUFFIXES = {"tsv": ".tsv", "csv": ".csv", "jsonl": ".json", "text": ".txt", "hocr": ".hocr", "alto": ".xml"}


def facts(page: Page) -> dict[str, Any]:
    """A page for machines; corners are those of lines and words, clockwise from the top left."""
    lines = [
        {
            "text": line.reading.text,
            "confidence": round(line.reading.confidence, 4),
            "corners": _corners(line.quad),
            "words": [
                {"text": word.text, "confidence": round(word.confidence, 4), "corners": _corners(word.quad)}
                for word in line.words()
            ],
        }
        for line in page.lines
    ]
    return {"path": page.name, "width": page.width, "height": page.height, "lines": lines}


def _corners(quad: Quad) -> list[list[float]]:
    return [list(corner) for corner in quad.corners]


def _rows(page: Page) -> Iterator[tuple[str, ...]]:
    for line in page.lines:
        box = line.quad.box
        place = (f"{number:g}" for number in (box.left, box.top, box.right, box.bottom))
        text = tsv_field(line.reading.text)
        yield tsv_field(page.name), text, f"{line.reading.confidence:.3f}", *place


TEXTS: Mapping[str, Callable[[Page], str]] = {
    "tsv": lambda page: as_tsv(_rows(page)),
    "csv": lambda page: as_csv(_rows(page)),
    "jsonl": lambda page: json_line(facts(page)) + "\n",
    "text": lambda page: page.text + "\n",
    "hocr": hocr,
    "alto": alto,
}
"""The text of a page in each format."""


def page_file(page: Page, folder: Path, form: str) -> Path:
    """The file of a page in a folder, named after it."""
    return folder / f"{Path(page.name).name}{_SUFFIXES[form]}"


def write_page(page: Page, path: Path, form: str, force: bool) -> None:
    """Write a page to a file of its own.

    Raises:
        InputError: if the file exists and `force` is not set, or it can't be written.
    """
    with replacing(path, force) as temporary:
        temporary.write_text((CSV_HEAD if form == "csv" else "") + TEXTS[form](page), encoding="utf-8")
