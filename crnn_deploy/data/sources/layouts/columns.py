"""Columns with a header row: Hugging Face's metadata.csv, EasyOCR's labels.csv, and other CSV and TSV files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.layouts.layout import Layout, is_image_path, lines_of, wrong_line
from crnn_deploy.errors import InputError
from crnn_deploy.vector import column_name

_DELIMITERS = "\t,;|"
_PATHS = (
    *("file_name", "filename", "file", "image_path", "img_path", "image_file", "image_name", "img_name"),
    *("image", "img", "path", "file_path", "filepath", "images", "name", "id"),
)
"""Names of the column with paths; an earlier one counts before a later one."""
_TEXTS = (
    *("text", "words", "word", "transcription", "transcript", "ground_truth", "groundtruth", "gt", "gt_text"),
    *("sentence", "string", "caption", "label", "labels", "target", "value", "content"),
)


@dataclass(frozen=True)
class _Columns:
    """The delimiter of a file, its number of columns, and which of them hold paths and texts.

    `spaced`: a space follows each delimiter.
    """

    delimiter: str
    spaced: bool
    count: int
    path: int
    text: int


def _recognises(head: Sequence[str]) -> bool:
    return bool(head) and _columns(head[0]) is not None


def _columns(header: str) -> _Columns | None:
    for delimiter in _DELIMITERS:
        names = header.split(delimiter)
        found = path_and_text(names) if len(names) > 1 else None
        if found is not None:
            return _Columns(delimiter, f"{delimiter} " in header, len(names), *found)
    return None


def path_and_text(columns: Sequence[str]) -> tuple[int, int] | None:
    """Which columns hold paths and texts, by their names; of two, of which one holds paths, the other holds texts."""
    names = [column_name(column) for column in columns]
    if any(map(is_image_path, names)):
        return None
    path = next((names.index(name) for name in _PATHS if name in names), None)
    text = next((names.index(name) for name in _TEXTS if name in names), None)
    if path is not None and text is None and len(names) == 2:
        text = 1 - path
    return None if path is None or text is None else (path, text)


def first_named(columns: Sequence[str]) -> str | None:
    """The column whose name says that it holds texts; None if there is none."""
    by_name = {column_name(column): column for column in reversed(columns)}
    return next((by_name[name] for name in _TEXTS if name in by_name), None)


def _items(text: str, origin: str) -> list[Item]:
    columns, rows = _rows(text, origin)
    return [Item(cells[columns.path].removeprefix("./"), cells[columns.text]) for _, cells in rows]


def _further(head: Sequence[str]) -> tuple[str, ...]:
    columns = _columns(head[0])
    assert columns is not None  # the layout was recognised by it
    names = enumerate(head[0].split(columns.delimiter))
    return tuple(column_name(name) for index, name in names if index not in (columns.path, columns.text))


def _cells(text: str, origin: str, names: Sequence[str]) -> Iterator[tuple[int, list[object]]]:
    columns, rows = _rows(text, origin)
    header = [column_name(name) for name in lines_of(text)[0][1].split(columns.delimiter)]
    places = [header.index(name) for name in names]
    for number, cells in rows:
        yield number, [cells[place].strip() or None for place in places]


def _rows(text: str, origin: str) -> tuple[_Columns, list[tuple[int, list[str]]]]:
    """The columns, and line number and cells of each row below the header."""
    columns = _columns(lines_of(text)[0][1])
    if columns is None:
        raise InputError(f"{origin} has no header row that names a column of paths and one of texts.")
    rows = _quoted_rows(text, columns) if _quotes_are_format(text, columns) else _plain_rows(text, columns)
    for number, cells in rows:
        if len(cells) != columns.count or not cells[columns.path]:
            raise wrong_line(
                origin,
                number,
                columns.delimiter.join(cells),
                f"a row of {columns.count} columns, which the header row has",
                "Put a text that holds the delimiter or a quote into quotes, as RFC 4180 describes it.",
            )
    return columns, rows[1:]


def _quotes_are_format(text: str, columns: _Columns) -> bool:
    """Whether quotes around a text belong to the format, or to the text.

    In a file with tabs they belong to the text unless a doubled quote inside, or quotes around each text, show the
    format. With other delimiters they belong to the format unless no text has them at both ends: EasyOCR writes texts
    with commas and quotes as they are.
    """
    texts = [cells[columns.text] for _, cells in _plain_rows(text, columns)[1:] if len(cells) == columns.count]
    quoted = [cell for cell in texts if len(cell.strip()) > 1 and cell.strip()[0] == cell.strip()[-1] == '"']
    if columns.delimiter == "\t":
        return bool(quoted) and (len(quoted) == len(texts) or any('""' in cell.strip()[1:-1] for cell in quoted))
    return bool(quoted) or columns.text != columns.count - 1


def _plain_rows(text: str, columns: _Columns) -> list[tuple[int, list[str]]]:
    """Rows without quotes: the last column holds the rest of the line."""
    rows = [(number, line.split(columns.delimiter, columns.count - 1)) for number, line in lines_of(text)]
    if columns.delimiter == "\t":
        return [(number, [*cells[:-1], *cells[-1].split("\t")]) for number, cells in rows]
    return [(number, [cell.removeprefix(" ") for cell in cells]) for number, cells in rows] if columns.spaced else rows


def _quoted_rows(text: str, columns: _Columns) -> list[tuple[int, list[str]]]:
    """Rows as RFC 4180 writes them, up to the first that is wrong."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=columns.delimiter, skipinitialspace=columns.spaced, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        rows += ((reader.line_num, cells) for cells in reader if len(cells) > 1 or (cells and cells[0].strip()))
    except csv.Error as error:
        rows.append((reader.line_num, [str(error)]))
    return rows


COLUMNS = Layout(
    "columns with a header row, such as file_name,text", _recognises, _items, further=_further, cells=_cells
)
