"""`path, "text"` in each line: ICDAR's gt.txt for word recognition, and CSV without a header row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.layouts.layout import Layout, is_image_path, lines_of, most, wrong_line
from crnn_deploy.errors import InputError

# A line of JSON, which begins with a brace, has commas and names of images too.
_LINE = re.compile(r"\s*(?!\{)(?P<path>\"[^\"]*\"|[^,\t]*),(?P<text>.*)", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.|"")*"')
_BOX = re.compile(r"\s*-?\d+(\s*,\s*-?\d+){3}\s*(,|$)")
_ESCAPED = re.compile(r'\\(["\\])|"(")')


def _recognises(head: Sequence[str]) -> bool:
    return most([(match := _LINE.fullmatch(line)) is not None and is_image_path(_path(match)) for line in head])


def _items(text: str, origin: str) -> list[Item]:
    lines = lines_of(text)
    rows = []
    for number, line in lines:
        match = _LINE.fullmatch(line)
        if match is None or not _path(match):
            raise wrong_line(origin, number, line, 'path, "text"', "Put one comma between path and text.")
        rows.append((_path(match), match["text"]))
    if rows and all(_BOX.match(label) for _, label in rows):
        raise InputError(
            f"{origin} holds boxes, not the text of one line for each image.",
            "Numbers with commas stand where the text should begin.",
            "Give images of single lines, with path⇥text in labels.tsv.",
        )
    # A space after the comma belongs to the layout if every line has it.
    spaced = all(label.startswith(" ") for _, label in rows)
    return [Item(path, _unquoted(label[spaced:])) for path, label in rows]


def _path(match: re.Match[str]) -> str:
    return match["path"].strip().strip('"').removeprefix("./")


def _unquoted(label: str) -> str:
    """The text without its quotes; in them ICDAR writes `\\"` for a quote and `\\\\` for a backslash, and CSV `""`."""
    bare = label.strip()
    if not _QUOTED.fullmatch(bare):
        return label
    return _ESCAPED.sub(lambda match: match[1] or match[2], bare[1:-1])


QUOTED = Layout('path, "text"', _recognises, _items)
