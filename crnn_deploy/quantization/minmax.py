"""The calibrator that covers everything it has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class MinMax:
    """A `Calibrator` whose range reaches from the smallest to the largest value observed."""

    def __init__(self) -> None:
        self._ranges: dict[str, tuple[float, float]] = {}

    def observe(self, name: str, values: NDArray[np.floating[Any]]) -> None:
        if values.size == 0:
            return
        lowest, highest = self._ranges.get(name, (np.inf, -np.inf))
        # NumPy's minimum, unlike Python's min, lets NaN through to be noticed.
        self._ranges[name] = float(np.minimum(lowest, values.min())), float(np.maximum(highest, values.max()))

    def range(self, name: str) -> tuple[float, float]:
        return self._ranges[name]
