"""One JSON list with an object for each image, as label tools and scripts write it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crnn_deploy import limits
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.layouts.json_lines import item_of, path_and_text_keys
from crnn_deploy.data.sources.layouts.layout import Layout, wrong_line
from crnn_deploy.errors import InputError

# Read object by object: what JSON's own reader would build of a whole file takes many times its size.
_BEGIN = re.compile(r"\s*\[\s*(?=\{)")
_STRING = r'"((?:[^"\\]|\\.)*)(?:"|\\?\Z)'  # also one that is cut off, so that it is looked through only once
_STRING_OR_BRACE = re.compile(rf"{_STRING}|[{{}}]", re.DOTALL)
_STRING_AND_COLON = re.compile(rf"{_STRING}(\s*:)?", re.DOTALL)
_BETWEEN = re.compile(r"\s*(,\s*(?=\{)|\]\s*\Z)")


def _recognises(head: Sequence[str]) -> bool:
    text = "\n".join(head)
    begin = _BEGIN.match(text)
    if begin is None:
        return False
    first = text[begin.end() : _end(text, begin.end())]  # to the end of the head if the object is longer
    return path_and_text_keys([key for key, colon in _STRING_AND_COLON.findall(first) if colon]) is not None


def _items(text: str, origin: str) -> list[Item]:
    mark = _BEGIN.match(text)
    at, counted, number = mark.end() if mark else 0, 0, 1
    items = []
    while True:
        number, counted = number + text.count("\n", counted, at), at
        end = _end(text, at)
        if end is None:
            raise InputError(
                f"{origin}, line {number}: no object of at most {limits.MAX_LABEL:,} characters begins here.",
                "The file is damaged or cut off.",
                "Make it again.",
            )
        items.append(item_of(number, text[at:end], origin))
        mark = _BETWEEN.match(text, end)
        if mark is None:
            number += text.count("\n", at, end)
            raise wrong_line(origin, number, text[end : end + 80].lstrip(), "the next object or the end", "Correct it.")
        if mark[1][0] == "]":
            return items
        at = mark.end()


def _end(text: str, at: int) -> int | None:
    """Where the object that begins at `at` ends; None if it is cut off or longer than a label can be."""
    depth = 0
    for match in _STRING_OR_BRACE.finditer(text, at, at + limits.MAX_LABEL):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end() if match[0] == "}" else None
    return None


JSON_LIST = Layout('[{"file_name": "path", "text": "text"}, …] in JSON', _recognises, _items, by_line=False)
