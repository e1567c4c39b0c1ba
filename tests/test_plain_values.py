"""Plain values: those that a type takes without any doubt."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import pytest

from crnn_deploy.plain_values import Bounds, FiniteFloat, taker


@pytest.mark.parametrize(
    ("hint", "value", "taken"),
    [
        (str, "é", "é"),
        (str, "", ""),
        (int, 1 << 80, 1 << 80),
        (bool, True, True),
        (float, 3, 3.0),
        (float, -(1 << 53), -(2.0**53)),
        (Any, {"a": [None]}, {"a": [None]}),
        (Literal["a", 1], 1, 1),
        (int | None, None, None),
        (tuple[float, ...], [1, 0.5], (1.0, 0.5)),
        (tuple[str, ...], (), ()),
        (dict[str, tuple[int, ...]], {"a": [1]}, {"a": (1,)}),
        (Annotated[int, Bounds(ge=1, le=1)], 1, 1),
        (Annotated[str, Bounds(min_length=1, max_length=2)] | None, "ab", "ab"),
        (Annotated[FiniteFloat, Bounds(gt=0)], 1, 1.0),
    ],
)
def test_plain_values_are_taken(hint: Any, value: Any, taken: Any) -> None:
    found = taker(hint)(value)
    assert (found, type(found)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (str, "\ud800"),
        (str, 3),
        (int, True),
        (int, "3"),
        (int, 3.0),
        (float, (1 << 53) + 1),
        (float, False),
        (bool, 1),
        (Literal[1], True),
        (Literal[1], 1.0),
        (int | None, "x"),
        (tuple[int, ...], "12"),
        (tuple[int, ...], [1, None]),
        (dict[str, int], [("a", 1)]),
        (dict[str, int], {"a": "1"}),
        (dict[str, int], {1: 1}),
        (FiniteFloat, math.inf),
        (FiniteFloat, math.nan),
        (Annotated[float, Bounds(ge=0)], math.nan),
        (Annotated[FiniteFloat, Bounds(gt=0)], 0),
        (Annotated[FiniteFloat, Bounds(gt=0)], math.inf),
        (Annotated[int, Bounds(le=1)], 2),
        (Annotated[str, Bounds(min_length=1)], ""),
        (Annotated[tuple[int, ...], Bounds(max_length=1)], [1, 2]),
    ],
)
def test_all_others_are_left_to_pydantic(hint: Any, value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        taker(hint)(value)


def test_bounds_do_not_count_for_none() -> None:
    assert taker(int | None, Bounds(ge=1))(None) is None
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        taker(int | None, Bounds(ge=1))(0)


@pytest.mark.parametrize("hint", [int | str, tuple[int, int], set[int], bytes])
def test_other_types_are_a_mistake_of_the_program(hint: Any) -> None:
    with pytest.raises(KeyError):
        taker(hint)
