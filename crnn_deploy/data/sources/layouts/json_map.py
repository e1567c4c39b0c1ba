"""One JSON object with the text of each image: docTR's labels.json for text recognition."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from crnn_deploy import limits
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.layouts.layout import Layout, is_image_path
from crnn_deploy.errors import InputError

# Read pair by pair: what JSON's own reader would build of nested lists takes many times the size of the file.
_STRING = r'"(?:[^"\\]|\\.)*"'
_BEGIN = re.compile(r"\s*\{")
_KEY = re.compile(rf"\s*({_STRING})\s*:\s*")
_VALUE = re.compile(rf"({_STRING})\s*([,}}])")
_END = re.compile(r"\s*\Z")


def _recognises(head: Sequence[str]) -> bool:
    text = "\n".join(head)
    begin = _BEGIN.match(text)
    key = _KEY.match(text, begin.end()) if begin else None
    return key is not None and is_image_path(key[1].strip('"'))


def _items(text: str, origin: str) -> list[Item]:
    begin = _BEGIN.match(text)
    at, mark = begin.end() if begin else 0, ","
    items = []
    while mark == ",":
        key = _KEY.match(text, at)
        value = _VALUE.match(text, key.end()) if key else None
        if key is None or value is None:
            raise _wrong(text, key.end() if key else at, origin)
        items.append(Item(_string(key, text, origin).removeprefix("./"), _string(value, text, origin)))
        at, mark = value.end(), value[2]
    if not _END.match(text, at):
        raise _wrong(text, at, origin)
    return items


def _string(match: re.Match[str], text: str, origin: str) -> str:
    if len(match[1]) > limits.MAX_LABEL:
        raise InputError(f"{_place(text, match.start(), origin)}, has more than {limits.MAX_LABEL:,} characters.")
    try:
        value: str = json.loads(match[1])
        value.encode()
    except ValueError:  # of a control character, a wrong escape, or half of a surrogate pair
        raise _wrong(text, match.start(), origin) from None
    return value


def _wrong(text: str, at: int, origin: str) -> InputError:
    rest = text[at : at + 80].lstrip()
    if rest.startswith("{") and '"polygons"' in text[at : at + limits.MAX_LABEL]:
        return InputError(
            f"{origin} holds boxes of whole pages, not the text of one line for each image.",
            "It is docTR's label file for text detection.",
            'Give images of single lines: docTR\'s labels.json for recognition holds "path": "text".',
        )
    return InputError(
        f'{_place(text, at, origin)}: {rest!r} is not "path": "text".',
        "It is damaged, or a text is no string.",
        'Write one JSON object with "path": "text" for each image.',
    )


def _place(text: str, at: int, origin: str) -> str:
    return f"{origin}, line {text.count(chr(10), 0, at) + 1}"


JSON_MAP = Layout('{"path": "text", …} in JSON', _recognises, _items, by_line=False)
