"""Runs of neighbours that are alike, such as blank columns, rows of text, or frames of one class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def runs_of(alike: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first index, and the one after the last, of each run of True in `[N]`."""
    edges = np.flatnonzero(np.diff(alike, prepend=False, append=False))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def equal_runs(values: Sequence[int], first: int = 0) -> Iterator[tuple[int, int, int]]:
    """The value, the index of its first place and of the one after its last, of each run of equal values.

    Args:
        first: the index of the first value.
    """
    start = 0
    for end, (value, following) in enumerate(pairwise(values), 1):
        if value != following:
            yield value, first + start, first + end
            start = end
    if values:
        yield values[start], first + start, first + len(values)
