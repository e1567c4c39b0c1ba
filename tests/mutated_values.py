"""JSON values of which one part is another value, is missing, or has something beside it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

SCALARS = st.sampled_from(
    [None, True, False, 0, 1, -1, 2, 7, 10**6, 10**30, 0.5, -0.0, 1.0, 1e308, "", "a", "32", "ctc", "x" * 2000, "\0"]
)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)


def mutations_of(value: Any) -> st.SearchStrategy[Any]:
    """The value with one change; sometimes with two."""
    once = _changed(value)
    return once | once.flatmap(_changed)


@st.composite
def _changed(draw: st.DrawFn, value: Any) -> Any:
    whole = [copy.deepcopy(value)]
    path = draw(st.sampled_from([(0, *path) for path in _paths(whole[0])]))
    holder: Any = whole
    for key in path[:-1]:
        holder = holder[key]
    change = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
    part = holder[path[-1]]
    if change == "remove" and len(path) > 1:
        del holder[path[-1]]
    elif change == "add" and isinstance(part, dict):
        part[draw(st.sampled_from(["heigth", "", "x"]))] = draw(JSON_VALUES)
    elif change == "repeat" and isinstance(part, list) and part:
        part *= draw(st.sampled_from([2, 5]))
    else:
        holder[path[-1]] = draw(JSON_VALUES)
    return whole[0]


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Where each part of a value stands, the whole first."""
    yield ()
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from ((key, *path) for path in _paths(part))
