"""Reads a label file, whose layout is found by its content."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.container import Container
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.data.sources.layouts.columns import COLUMNS
from crnn_deploy.data.sources.layouts.json_lines import JSON_LINES
from crnn_deploy.data.sources.layouts.json_list import JSON_LIST
from crnn_deploy.data.sources.layouts.json_map import JSON_MAP
from crnn_deploy.data.sources.layouts.layout import Layout
from crnn_deploy.data.sources.layouts.quoted import QUOTED
from crnn_deploy.data.sources.layouts.tab_separated import TAB_SEPARATED
from crnn_deploy.data.sources.vectors import Numbers
from crnn_deploy.errors import InputError

LABELS = "labels.tsv"
"""Our own label file. It is read as `path⇥text` even if its content looks like nothing known."""
LAYOUTS = (JSON_LINES, JSON_LIST, JSON_MAP, COLUMNS, TAB_SEPARATED, QUOTED)
_TEXT_SUFFIXES = {".tsv", ".txt", ".csv", ".lst", ".list", ".gt", ".box", ".json", ".jsonl", ".ndjson", ".xml"}
_SUFFIXES = _TEXT_SUFFIXES | {".parquet", ".arrow", ".xls", ".xlsx", ".ods", ".mat"}
_BARE_NAMES = re.compile(r"(rec_)?(gt|labels?|annotations?|metadata|train|val|test)(_\w+)?", re.IGNORECASE)
_DOCUMENTS = re.compile(
    r"(readme|licen[cs]es?|copying|notices?|notes?|changelog|changes|credits|authors|citation|requirements|about)\b.*",
    re.IGNORECASE,
)
_HEAD_LINES = 20
_JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*)?\{\s*"')


def may_hold_labels(name: str) -> bool:
    """Whether a file of this name or path may hold labels; images, hidden files and documents such as README do not."""
    path = PurePosixPath(name)
    if path.name.startswith(".") or is_image(path.name) or _DOCUMENTS.fullmatch(path.name):
        return False
    return path.suffix.lower() in _SUFFIXES or (not path.suffix and _BARE_NAMES.fullmatch(path.name) is not None)


class UnknownLayoutError(InputError):
    """A file that may hold labels has no known layout; `what` says why."""


def find_layout(files: Container, name: str) -> Layout:
    """The layout of a label file, of which only the beginning is read.

    Raises:
        UnknownLayoutError: if it has none that is known, or can't be read as text.
    """
    head = [line for line in _head(files, name).split("\n") if line.strip()][:_HEAD_LINES]
    if PurePosixPath(name).name == LABELS:
        return COLUMNS if COLUMNS.recognises(head) else TAB_SEPARATED
    for layout in LAYOUTS:
        if layout.recognises(head):
            return layout
    raise UnknownLayoutError(f"{files.title(name)} {'has no known layout' if head else 'is empty'}.")


def read_items(files: Container, name: str, layout: Layout) -> list[Item]:
    """The items of a label file, with paths as they are written.

    Raises:
        InputError: naming the line that is wrong, or if the file is larger than a label file can be.
    """
    origin = files.title(name)
    text = decode(files.read(name), origin)
    for number, line in enumerate(text.split("\n") if layout.by_line else (), 1):
        if len(line) > limits.MAX_LABEL:
            raise _too_long(origin, number)
    return layout.items(text, origin) if text.strip() else []


def numbers_of(files: Container, name: str, layout: Layout) -> Numbers:
    """What stands in a label file besides paths and texts. The file is read again for the numbers."""
    head = [line for line in _head(files, name).split("\n") if line.strip()]
    counts = Counter(layout.further(head) if head else ())
    # Of two columns of one name, neither is meant.
    names = tuple(each for each, count in counts.items() if count == 1 and 0 < len(each) <= limits.MAX_TEXT)

    @cache
    def read(wanted: tuple[str, ...]) -> NDArray[np.float64]:
        origin = files.title(name)
        text = decode(files.read(name), origin)
        return np.array(
            [
                [
                    _number(value, column, f"{origin}, line {number}")
                    for column, value in zip(wanted, values, strict=True)
                ]
                for number, values in layout.cells(text, origin, wanted)
            ],
            np.float64,
        ).reshape(-1, len(wanted))

    return Numbers(names, read)


def _number(value: object, column: str, place: str) -> float:
    """A cell as a finite number. Raises `InputError` if it is none."""
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)) or "_" in str(value):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        said = "is missing" if value is None else f"is {str(value)[:40]!r}, which is no finite number"
        raise InputError(
            f"{place}: {column} {said}.",
            "Each number of a vector must be known for each picture.",
            "Write a number, such as 36.6, or leave the picture out.",
        )
    return number


def decode(data: bytes, origin: str) -> str:
    """The text of a file, with one kind of line end and without a byte order mark.

    Raises:
        UnknownLayoutError: if it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        cause = "It looks like UTF-16." if wide else "It has another encoding, or is no text."
        raise UnknownLayoutError(f"{origin} is not UTF-8: {error}.", cause, "Save it as UTF-8.") from None


def _head(files: Container, name: str) -> str:
    """The first whole lines of a file, or the beginning of its only line if that is JSON."""
    origin = files.title(name)
    size = files.size(name)
    if size > limits.MAX_LABEL_FILE:
        raise UnknownLayoutError(f"{origin} has {size:,} bytes.", f"At most {limits.MAX_LABEL_FILE:,} are read.")
    data = files.read(name, limits.MAX_LABEL)
    if size > len(data):
        lines, newline, _ = data.rpartition(b"\n")
        if not newline:
            if _JSON.match(data):  # an object or a list may be one long line
                return data.decode("utf-8-sig", "ignore")
            raise _too_long(origin, 1)
        data = lines
    return decode(data, origin)


def _too_long(origin: str, number: int) -> UnknownLayoutError:
    return UnknownLayoutError(f"{origin}, line {number}, has more than {limits.MAX_LABEL:,} characters.")
