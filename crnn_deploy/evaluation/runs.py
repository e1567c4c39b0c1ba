"""Runs of neighbours that are alike, such as blank columns or rows of text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs_of(alike: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first index, and the one after the last, of each run of True in `[N]`."""
    edges = np.flatnonzero(np.diff(alike, prepend=False, append=False))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
