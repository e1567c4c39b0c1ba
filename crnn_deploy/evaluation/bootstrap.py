"""95 % percentile bootstrap over images (Efron and Tibshirani, 1993, §13.3), seeded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.evaluation.metrics import Ratio, divide

PERCENTILES = (2.5, 97.5)


def intervals(ratios: Mapping[str, Ratio], resamples: int, seed: int) -> dict[str, tuple[float, float]]:
    """95 % interval of each figure; all figures see the same resamples."""
    table = np.column_stack([column for ratio in ratios.values() for column in (ratio.counted, ratio.possible)])
    sums = _resampled_sums(table, resamples, seed)
    return {name: _bounds(divide(sums[:, 2 * i], sums[:, 2 * i + 1])) for i, name in enumerate(ratios)}


def difference_interval(candidate: Ratio, parent: Ratio, resamples: int, seed: int) -> tuple[float, float]:
    """95 % interval of candidate - parent; each resample draws the same images for both."""
    columns = (candidate.counted, candidate.possible, parent.counted, parent.possible)
    sums = _resampled_sums(np.column_stack(columns), resamples, seed)
    return _bounds(divide(sums[:, 0], sums[:, 1]) - divide(sums[:, 2], sums[:, 3]))


def draw_counts(rng: np.random.Generator, count: int) -> NDArray[np.intp]:
    """How often each of `count` things is drawn by as many draws with replacement."""
    return np.bincount(rng.integers(count, size=count), minlength=count)


def _resampled_sums(table: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Column sums `[resamples, F]` of rows drawn with replacement from `[N, F]`, one resample in memory at a time."""
    rng = np.random.default_rng(seed)
    count = len(table)
    sums = np.empty((resamples, table.shape[1]))
    for row in sums:
        row[:] = draw_counts(rng, count) @ table
    return sums


def _bounds(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)
