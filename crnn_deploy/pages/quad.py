"""Where a line stands on a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""Column and row in pixels of the upright page."""

_TURNED = 1.5


@dataclass(frozen=True)
class Box:
    """The upright rectangle around points, in pixels of the page."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> Box:
        """The smallest one that holds all points."""
        columns, rows = zip(*points, strict=True)
        return cls(min(columns), min(rows), max(columns), max(rows))

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True)
class Quad:
    """The four corners of a line on a page, which may be tilted."""

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Clockwise from the top left one."""
        return self.top_left, self.top_right, self.bottom_right, self.bottom_left

    @property
    def box(self) -> Box:
        return Box.around(self.corners)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, at least 1."""
        across = math.dist(self.top_left, self.top_right), math.dist(self.bottom_left, self.bottom_right)
        down = math.dist(self.top_left, self.bottom_left), math.dist(self.top_right, self.bottom_right)
        return max(1, round(max(across))), max(1, round(max(down)))

    @property
    def is_turned(self) -> bool:
        """Whether the text runs downwards: the line is 1.5 times as high as it is wide, or more."""
        width, height = self.size
        return height >= _TURNED * width

    def part(self, begin: float, end: float) -> Quad:
        """The part of the line from `begin` to `end`, as shares of its length in the direction of the text."""
        a, b, c, d = self.corners
        if self.is_turned:
            return Quad(_between(a, d, begin), _between(b, c, begin), _between(b, c, end), _between(a, d, end))
        return Quad(_between(a, b, begin), _between(a, b, end), _between(d, c, end), _between(d, c, begin))


def _between(first: Point, second: Point, share: float) -> Point:
    return (
        round(first[0] + (second[0] - first[0]) * share, 1),
        round(first[1] + (second[1] - first[1]) * share, 1),
    )
