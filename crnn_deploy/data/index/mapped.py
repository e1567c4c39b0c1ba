"""Columns of a kept index, which are mapped into memory."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCATTERED = 8
"""Scattered values that are read before `let_go`: around each, 64 kB to 2 MB of a column come into the memory."""


def mapped(file: Path) -> NDArray[Any]:
    """An array that NumPy has written. Raises `OSError` or `ValueError` if it is damaged."""
    values: NDArray[Any] = np.load(file, mmap_mode="r")
    return values


def let_go(values: NDArray[Any]) -> None:
    """Take the pages of a mapped array, or of what it is a part of, out of the memory of this process.

    They are read again where they are needed. Without that, a pass over an index of ten million lines would leave all
    of it in the memory. Nothing is lost, since these mappings are shared; other arrays stay as they are.
    """
    base: Any = values
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # Windows has no such advice
        base.madvise(mmap.MADV_DONTNEED)
