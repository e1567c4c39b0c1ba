"""95 % percentile intervals by a Poisson bootstrap over images, seeded.

In each resample an image counts as often as a random number of the Poisson distribution with mean 1 says, which for
many images is what drawing with replacement does (Chamandy et al., "Estimating Uncertainty for Massive Data Streams",
Google, 2012). No number depends on how many images there are, and each comes from a counter-based generator (Philox) by
seed and place. So two models that are evaluated apart on the same images get the same weights, and sums are enough.

Above `CELLS` images, each belongs to one of as many cells by a hash of its place, and the images of a cell share a
weight. By chance alone images come together, whatever their order is, so the variance of the sums stays as it is; time
and memory are bounded.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.evaluation.metrics import Ratio, divide

PERCENTILES = (2.5, 97.5)
CELLS = 1 << 14
_AT_ONCE = 1 << 16  # images whose cells are in memory at once
_BLOCK = 1024  # cells whose weights are in memory at once
_LEVELS = 1 << 16  # random numbers that are told apart
_MOST = 9  # times that an image may count; more are rarer than one level


def intervals(ratios: Mapping[str, Ratio], resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """95 % interval of each figure; all figures see the same resamples."""
    table = _cells(*(column for ratio in ratios.values() for column in (ratio.counted, ratio.possible)))
    sums = _resampled_sums(table, resamples, seed)
    return {name: _bounds(divide(sums[:, 2 * i], sums[:, 2 * i + 1])) for i, name in enumerate(ratios)}


def difference_interval(candidate: Ratio, parent: Ratio, resamples: int, seed: int) -> tuple[float, float]:
    """95 % interval of candidate - parent; each resample weighs the images alike for both."""
    table = _cells(candidate.counted, candidate.possible, parent.counted, parent.possible)
    sums = _resampled_sums(table, resamples, seed)
    return _bounds(divide(sums[:, 0], sums[:, 1]) - divide(sums[:, 2], sums[:, 3]))


def draw_counts(rng: np.random.Generator, count: int) -> NDArray[np.intp]:
    """How often each of `count` things is drawn by as many draws with replacement."""
    return np.bincount(rng.integers(count, size=count), minlength=count)


def _cells(*columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums `[min(N, CELLS), F]` of the columns `[N]` over the images that share a weight."""
    return np.column_stack([_folded(column) for column in columns])


def _folded(column: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(column) <= CELLS:
        return column
    sums = np.zeros(CELLS)
    for start in range(0, len(column), _AT_ONCE):
        some = column[start : start + _AT_ONCE]
        cells = (_mixed(np.arange(start, start + len(some), dtype=np.uint64)) % np.uint64(CELLS)).astype(np.intp)
        sums += np.bincount(cells, some, CELLS)
    return sums


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of each: the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(factor)
    mixed: NDArray[np.uint64] = numbers ^ (numbers >> np.uint64(31))
    return mixed


def _resampled_sums(table: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Column sums `[resamples, F]` of the rows of `[N, F]`, weighted anew for each resample."""
    sums = np.zeros((resamples, table.shape[1]))
    drawn = np.zeros(resamples)
    for block, start in enumerate(range(0, len(table), _BLOCK)):
        rows = table[start : start + _BLOCK]
        weights = _weights(len(rows), resamples, seed, block)
        sums += weights.T @ rows
        drawn += weights.sum(axis=0)
    sums[drawn == 0] = table.sum(axis=0)  # of a few images none may count, which would be no resample
    return sums


def _weights(count: int, resamples: int, seed: int, block: int) -> NDArray[np.float64]:
    """`[count, resamples]`; those of an image do not depend on `count`."""
    numbers = np.random.Philox(np.random.SeedSequence(seed, spawn_key=(block,)))
    raw = numbers.random_raw(-(-count * resamples // 4)).view(np.uint16)[: count * resamples]
    return _POISSON[raw].reshape(count, resamples)


def _poisson_levels() -> NDArray[np.float64]:
    """The number for each of the equally probable levels: the quantiles of the Poisson distribution with mean 1."""
    probabilities = np.exp(-1) / np.cumprod([1, *range(1, _MOST + 1)])
    levels = (np.arange(_LEVELS) + 0.5) / _LEVELS
    return np.searchsorted(np.cumsum(probabilities), levels).astype(np.float64)


_POISSON = _poisson_levels()


def _bounds(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)
