"""One JSON object a line: Hugging Face's metadata.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.layouts.columns import path_and_text
from crnn_deploy.data.sources.layouts.layout import Layout, lines_of, most, wrong_line
from crnn_deploy.errors import InputError
from crnn_deploy.text_formats import parse_json
from crnn_deploy.vector import column_name

_WHOLE_PAGE = '{"gt_parse'


def _recognises(head: Sequence[str]) -> bool:
    return most([path_and_text_keys(_object(line)) is not None for line in head])


def _object(line: str) -> Iterable[str]:
    """The keys of a JSON object; none of another line."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return ()
    return value if isinstance(value, dict) else ()


def path_and_text_keys(keys: Iterable[str]) -> tuple[str, str] | None:
    """Which keys of an object hold path and text, by the names that columns have, too; None if it isn't clear."""
    keys = list(keys)
    found = path_and_text(keys)
    return (keys[found[0]], keys[found[1]]) if found else None


def _items(text: str, origin: str) -> list[Item]:
    return [item_of(number, line, origin) for number, line in lines_of(text)]


def _further(head: Sequence[str]) -> tuple[str, ...]:
    keys = list(_object(head[0]))
    labelled = path_and_text_keys(keys) or ()
    return tuple(column_name(key) for key in keys if key not in labelled)


def _cells(text: str, origin: str, names: Sequence[str]) -> Iterator[tuple[int, list[object]]]:
    for number, line in lines_of(text):
        row = {column_name(key): value for key, value in parse_json(line, f"{origin}, line {number},").items()}
        yield number, [row.get(name) for name in names]


def item_of(number: int, line: str, origin: str) -> Item:
    """The path and the text of one object, which begins in line `number` of the file `origin`.

    Raises:
        InputError: if it is no JSON object with a path and a text.
    """
    row = parse_json(line, f"{origin}, line {number},")
    keys = path_and_text_keys(row) if isinstance(row, dict) else None
    if keys is None:
        raise wrong_line(
            origin, number, line, '{"file_name": "path", "text": "text"}', "Name path and text in each object."
        )
    path, label = row[keys[0]], row[keys[1]]
    if not isinstance(path, str) or not isinstance(label, str) or not path:
        key = keys[1] if isinstance(path, str) and path else keys[0]
        value = json.dumps(row[key], ensure_ascii=False)[:80]
        raise InputError(
            f"{origin}, line {number}: the value of {key!r} is {value}, no text.",
            "Numbers lose zeros at their ends, so they are not taken for texts.",
            'Write it in quotes, as in "007".',
        )
    if label.startswith(_WHOLE_PAGE):
        raise InputError(
            f"{origin}, line {number}, holds the content of a whole page, not the text of one line.",
            "It is a file for Donut.",
            "Give images of single lines.",
        )
    return Item(path.removeprefix("./"), label)


JSON_LINES = Layout(
    '{"file_name": "path", "text": "text"} in each line', _recognises, _items, further=_further, cells=_cells
)
