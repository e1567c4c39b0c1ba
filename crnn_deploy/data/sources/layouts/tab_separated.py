"""`path⇥text` in each line: our own labels.tsv, deep-text-recognition-benchmark's gt.txt, PaddleOCR's lists."""

from __future__ import annotations

import json
from collections.abc import Sequence

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.layouts.layout import Layout, is_image_path, lines_of, most, wrong_line
from crnn_deploy.errors import InputError


def _recognises(head: Sequence[str]) -> bool:
    return most([bool(tab) and all(map(is_image_path, _paths(path))) for path, tab, _ in map(_split, head)])


def parse_labels(text: str, origin: str) -> list[Item]:
    """The items of a file; the text may hold everything except tabs and line ends.

    PaddleOCR may write several images with the same text into one line, as a JSON list of their paths.

    Raises:
        InputError: naming the line that is wrong.
    """
    items = []
    for number, line in lines_of(text):
        path, tab, label = _split(line)
        if not tab or not path or "\t" in label:
            raise wrong_line(origin, number, line, "path⇥text", "Put one tab between path and text.")
        if label.startswith('[{"') and '"transcription"' in label:
            raise InputError(
                f"{origin}, line {number}, holds boxes of a whole page, not the text of one line.",
                "It is a list for PaddleOCR's text detection.",
                "Give images of single lines: PaddleOCR's list for recognition has path⇥text.",
            )
        items += [Item(each.removeprefix("./"), label) for each in _paths(path)]
    return items


def _split(line: str) -> tuple[str, str, str]:
    """Path, tab and text; several tabs between path and text count as one."""
    path, tab, label = line.partition("\t")
    return path, tab, label.lstrip("\t")


def _paths(path: str) -> list[str]:
    """The paths in the first column: one, or those of a JSON list."""
    if path.startswith("["):
        try:
            paths = json.loads(path)
        except (ValueError, RecursionError):
            return [path]
        if isinstance(paths, list) and paths and all(isinstance(each, str) and each for each in paths):
            return paths
    return [path]


TAB_SEPARATED = Layout("path⇥text", _recognises, parse_labels)
