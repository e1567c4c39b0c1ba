"""What a file on one page says: its image, and box and text of each line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from crnn_deploy import limits
from crnn_deploy.errors import InputError

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are outside."""

_POINT = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)[\s,]+(-?\d{1,9}(?:\.\d{1,9})?)(?:[\s,]+|$)")


@dataclass(frozen=True)
class PageLine:
    """A line of a page; `text` is None where nobody wrote it down."""

    name: str
    box: Box
    text: str | None


@dataclass(frozen=True)
class PageFile:
    """The name of the image as it is written, its size in pixels (0: not said), and its lines in their order."""

    image: str
    width: int
    height: int
    lines: tuple[PageLine, ...]


def points_of(text: str) -> list[tuple[float, float]]:
    """Points as both formats write them: `x,y x,y` or `x y x y`.

    Raises:
        ValueError: if it is something else.
    """
    points, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _POINT.match(text, at)
        if match is None:
            raise ValueError(f"{text[at : at + 40]!r} is no point")
        points.append((float(match[1]), float(match[2])))
        at = match.end()
    return points


def box_around(points: Iterable[tuple[float, float]]) -> Box:
    """The smallest box of whole pixels around a polygon.

    Raises:
        ValueError: if it has no area.
    """
    across, down = zip(*points, strict=True) if (points := list(points)) else ((), ())
    if not across or min(across) == max(across) or min(down) == max(down):
        raise ValueError("it has no area")
    return math.floor(min(across)), math.floor(min(down)), math.ceil(max(across)), math.ceil(max(down))


def whole(text: str | None) -> int:
    """A number of pixels; 0 for what is none."""
    return round(float(text)) if text and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else 0


def checked_text(text: str, origin: str, line: str) -> str:
    """The text of a line without white space at its ends.

    Raises:
        InputError: if it is longer than a line can be.
    """
    if len(text) > limits.MAX_LABEL:
        raise InputError(f"{origin}: line {line[:80]} has a text of more than {limits.MAX_LABEL:,} characters.")
    return text.strip()
