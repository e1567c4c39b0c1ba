"""A histogram of a tensor's values, small enough to keep one for each activation of a network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Bins of each sign. The largest magnitude lies in the upper half of them, so one INT8 level (127 a sign) spans at least
# 32 bins, and still two where an outlier is 16 times the rest. A histogram takes 128 KiB.
_BITS = 13
_BINS = 1 << _BITS
_FINEST = -148 - _BITS  # exponent of the width that suits the smallest positive float32, 2^-149
_CHUNK = 1 << 15  # values at a time: the temporaries stay in the cache


class Histogram:
    """Counts of values in bins of one width, which doubles whenever a value falls outside of the window.

    Widths are powers of two and edges multiples of them: bin i covers [i w, (i + 1) w). Merging neighbours is thus
    exact, floor(floor(x / w) / 2) = floor(x / 2w), and the width depends on the largest magnitude alone. So the state
    depends on the values alone, not on their order or their batches.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(2 * _BINS, np.int64)  # bins -_BINS to _BINS - 1
        self._exponent = _FINEST
        self._lowest, self._highest = math.inf, -math.inf

    def observe(self, values: NDArray[np.floating[Any]]) -> None:
        """Add more values, of any shape, as float32, the type of activations.

        Raises:
            ValueError: if one is not finite; none of `values` is added then.
        """
        flat = np.asarray(values, np.float32).ravel()
        if flat.size == 0:
            return
        # NumPy's min and max propagate NaN, so that it is noticed. Adding zero turns -0.0 into 0.0.
        lowest, highest = float(flat.min()) + 0.0, float(flat.max()) + 0.0
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            raise ValueError("The values are not all finite.")
        self._lowest, self._highest = min(self._lowest, lowest), max(self._highest, highest)
        self._widen(math.frexp(self.magnitude)[1] - _BITS if self.magnitude else _FINEST)
        for start in range(0, flat.size, _CHUNK):
            self._counts += self._binned(flat[start : start + _CHUNK])

    def _widen(self, exponent: int) -> None:
        """Merge bins until their width is at least 2^`exponent`."""
        if exponent <= self._exponent:
            return
        counts = np.zeros_like(self._counts)
        bins = np.arange(-_BINS, _BINS) >> min(exponent - self._exponent, 63)
        np.add.at(counts, bins + _BINS, self._counts)
        self._counts, self._exponent = counts, exponent

    def _binned(self, values: NDArray[np.float32]) -> NDArray[np.int64]:
        # In float64 the scaling is exact for all float32: in float32 small negative values could become -0, bin 0.
        bins = np.multiply(values, 1 / self.width, dtype=np.float64)
        np.floor(bins, out=bins)
        bins += _BINS
        counts: NDArray[np.int64] = np.bincount(bins.astype(np.intp), minlength=2 * _BINS)
        return counts

    @property
    def lowest(self) -> float:
        """Smallest value, exactly; inf where there was none."""
        return self._lowest

    @property
    def highest(self) -> float:
        """Largest value, exactly; -inf where there was none."""
        return self._highest

    @property
    def magnitude(self) -> float:
        """Largest magnitude, exactly."""
        return max(-self._lowest, self._highest)

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self._counts.sum())

    @property
    def width(self) -> float:
        """Width of a bin, in the tensor's units: between 1 / 8192 and 1 / 4096 of the largest magnitude."""
        return math.ldexp(1.0, self._exponent)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Values in each bin, from the lowest value's to the highest value's, `[B]`."""
        return np.array(self._counts[self._first + _BINS : self._last + _BINS + 1], np.int64)

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins of `counts`, `[B + 1]`; each is exact."""
        return np.arange(self._first, self._last + 2, dtype=np.float64) * self.width

    @property
    def _first(self) -> int:
        return math.floor(self._lowest / self.width)

    @property
    def _last(self) -> int:
        return math.floor(self._highest / self.width)

    def quantile(self, q: float) -> float:
        """The value that a share `q` of all values does not exceed, to within a bin."""
        value = _quantile(self.counts, self.edges, q)
        return min(self._highest, max(self._lowest, value))

    def magnitude_quantile(self, q: float) -> float:
        """The same of the values' magnitudes."""
        folded = self._counts[_BINS:] + self._counts[:_BINS][::-1]
        value = _quantile(folded, np.arange(_BINS + 1, dtype=np.float64) * self.width, q)
        return min(self.magnitude, max(0.0, self._lowest, -self._highest, value))

    def share_outside(self, low: float, high: float) -> float:
        """Share of the values outside of [low, high], to within the bins that the two fall into."""
        edges, below = self.edges, np.append(0, np.cumsum(self.counts)) / self.count
        under = float(np.interp(low, edges, below)) if low > self._lowest else 0.0
        over = 1 - float(np.interp(high, edges, below)) if high < self._highest else 0.0
        return under + over


def _quantile(counts: NDArray[np.int64], edges: NDArray[np.float64], q: float) -> float:
    """Where the values, spread evenly over their bins, reach a share `q`."""
    below = np.cumsum(counts)
    rank = max(1.0, q * int(below[-1]))
    index = int(np.searchsorted(below, rank))
    excess = (int(below[index]) - rank) / int(counts[index])
    return float(edges[index + 1] - excess * (edges[index + 1] - edges[index]))
