"""The order in which people read the lines of a page: columns from the left, in each from the top.

The page is cut along white strips that no line crosses, first across and then down, again and again in each part (the
XY-cut of Nagy and Seth, ICPR 1984). What no strip divides is read from the top, and lines that stand beside each other
from the left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from crnn_deploy.pages.quad import Box

_BESIDE = 0.5
"""Lines stand beside each other where they share more than this part of the lower one's height."""

_GUTTER = 1.0
"""A strip between columns is wider than so many times the median height of the lines beside it."""

_GAP = 1.5
"""A band of rows ends at a strip that is higher than so many times their median height."""

_PROSE, _MOSTLY = 8, 2 / 3
"""Lines of a column of text are at least so many times as wide as they are high, but for some, such as the last ones of
paragraphs. The cells of a table, such as prices, are shorter, and a table is read row by row."""


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """The indices of the boxes in their order; of a page whose text runs from left to right."""
    return _ordered(boxes, list(range(len(boxes))))


def _ordered(boxes: Sequence[Box], indices: list[int]) -> list[int]:
    parts = _columns(boxes, indices) or _bands(boxes, indices)
    if len(parts) > 1:
        return [index for part in parts for index in _ordered(boxes, part)]
    return [i for row in _rows(boxes, indices) for i in sorted(row, key=lambda i: boxes[i].left)]


def _columns(boxes: Sequence[Box], indices: list[int]) -> list[list[int]]:
    """The columns of text that make these lines, from the left; none where they don't."""
    parts = _beside_each_other(boxes, indices)
    return parts if len(parts) > 1 and all(_is_column(boxes, part) for part in parts) else []


def _is_column(boxes: Sequence[Box], indices: list[int]) -> bool:
    long = sum(boxes[i].width >= _PROSE * boxes[i].height for i in indices)
    return len(_rows(boxes, indices)) > 1 and long >= _MOSTLY * len(indices)


def _bands(boxes: Sequence[Box], indices: list[int]) -> list[list[int]]:
    """Rows from the top; those that follow each other and that one strip divides into columns are one band."""
    bands: list[list[int]] = []
    most = _GAP * median(boxes[i].height for i in indices) if indices else 0
    for row in _parts(indices, lambda i: (boxes[i].top, boxes[i].bottom), 0):
        near = bands and min(boxes[i].top for i in row) - max(boxes[i].bottom for i in bands[-1]) <= most
        if near and len(_beside_each_other(boxes, [*bands[-1], *row])) > 1:
            bands[-1] += row
        else:
            bands.append(row)
    return bands


def _beside_each_other(boxes: Sequence[Box], indices: list[int]) -> list[list[int]]:
    heights = [boxes[i].height for i in indices]
    least = _GUTTER * median(heights) if heights else 0
    return _parts(indices, lambda i: (boxes[i].left, boxes[i].right), least)


def _parts(indices: list[int], span: Callable[[int], tuple[float, float]], least: float) -> list[list[int]]:
    """The boxes divided by strips of more than this width that none of them crosses, in the order of the strips."""
    parts: list[list[int]] = []
    end = float("-inf")
    for index in sorted(indices, key=lambda i: span(i)[0]):
        first, last = span(index)
        if first - end > least:
            parts.append([])
        parts[-1].append(index)
        end = max(end, last)
    return parts


def _rows(boxes: Sequence[Box], indices: list[int]) -> list[list[int]]:
    """The boxes that stand beside each other, from the top."""
    rows: list[list[int]] = []
    for index in sorted(indices, key=lambda i: boxes[i].top + boxes[i].bottom):
        if rows and _stand_beside(boxes[rows[-1][-1]], boxes[index]):
            rows[-1].append(index)
        else:
            rows.append([index])
    return rows


def _stand_beside(a: Box, b: Box) -> bool:
    shared = min(a.bottom, b.bottom) - max(a.top, b.top)
    return shared > _BESIDE * min(a.height, b.height)
