"""Lines in the order in which people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.pages.order import reading_order
from crnn_deploy.pages.quad import Box


def row(top: float, *spans: tuple[float, float], height: float = 20) -> list[Box]:
    return [Box(left, top, right, top + height) for left, right in spans]


def rows(tops: range, *spans: tuple[float, float]) -> list[Box]:
    return [box for top in tops for box in row(top, *spans)]


LEFT, RIGHT = (0.0, 300.0), (340.0, 640.0)

PAGES = {
    "lines": (rows(range(0, 90, 30), LEFT), [0, 1, 2]),
    "two columns": (rows(range(0, 90, 30), LEFT, RIGHT), [0, 2, 4, 1, 3, 5]),
    "a title over two columns": ([*row(0, (0, 640)), *rows(range(30, 90, 30), LEFT, RIGHT)], [0, 1, 3, 2, 4]),
    "columns of other lengths": (
        [*rows(range(0, 60, 30), LEFT, RIGHT), *rows(range(60, 120, 30), RIGHT)],
        [0, 2, 1, 3, 4, 5],
    ),
    "names and prices": (rows(range(0, 90, 30), (0, 200), (560, 640)), [0, 1, 2, 3, 4, 5]),
    "a table under columns": (
        [*rows(range(0, 60, 30), LEFT, RIGHT), *rows(range(150, 210, 30), (0, 200), (560, 640))],
        [0, 2, 1, 3, 4, 5, 6, 7],
    ),
    "tilted": ([Box(300, 4, 500, 24), Box(0, 0, 200, 20), Box(0, 32, 200, 52)], [1, 0, 2]),
    "one": (row(0, LEFT), [0]),
    "none": ([], []),
}


@pytest.mark.parametrize(("boxes", "expected"), PAGES.values(), ids=PAGES)
def test_pages(boxes: list[Box], expected: list[int]) -> None:
    assert reading_order(boxes) == expected


@pytest.mark.parametrize(("boxes", "expected"), PAGES.values(), ids=PAGES)
def test_the_order_in_which_lines_are_found_does_not_matter(boxes: list[Box], expected: list[int]) -> None:
    found = [boxes[index] for index in reversed(range(len(boxes)))]
    assert [len(boxes) - 1 - index for index in reading_order(found)] == expected


SIDES = st.floats(0, 1000, width=32)
BOXES = st.builds(lambda l, t, w, h: Box(l, t, l + w, t + h), SIDES, SIDES, SIDES, SIDES)  # noqa: E741


@given(st.lists(BOXES, max_size=30))
def test_each_line_is_read_once(boxes: list[Box]) -> None:
    assert sorted(reading_order(boxes)) == list(range(len(boxes)))
