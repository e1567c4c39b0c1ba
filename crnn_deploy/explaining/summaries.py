"""Saliency and probabilities, in the few numbers that are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.explaining.result import MOST_CELLS, Choice
from crnn_deploy.reading.seen import Box, Look, Seen
from crnn_deploy.runtime.outputs import probabilities
from crnn_deploy.spec import ModelSpec

_CHOICES = 3
_LITTLE = 0.1
_STEPS_A_HEIGHT = 8
"""Steps of a profile in as many columns as a line is high."""


def most_probable(output: NDArray[np.float32], spec: ModelSpec) -> tuple[Choice, ...]:
    """The most probable classes of `[K]`, the best first."""
    shares = probabilities(output, spec.temperature)
    order = np.argsort(-shares, kind="stable")[:_CHOICES].tolist()
    return tuple(Choice(text=spec.class_names[k], confidence=share(shares[k])) for k in order)


def share(probability: float) -> float:
    """A probability as it is stored, with four digits; rounding of FP32 may have made it larger than 1."""
    return round(min(1.0, float(probability)), 4)


def grid(saliency: NDArray[np.float32], area: Box) -> tuple[tuple[float, ...], ...]:
    """The mean saliency in the cells of a grid over the picture; the most is 1, and what speaks against it 0."""
    values = saliency[area.top : area.bottom, area.left : area.right]
    rows = np.array_split(values, min(MOST_CELLS, len(values)))
    cells = [[part.mean() for part in np.array_split(row, min(MOST_CELLS, values.shape[1]), axis=1)] for row in rows]
    return tuple(tuple(row) for row in _shares(np.array(cells)).tolist())


@dataclass(frozen=True)
class Profile:
    """Saliency along a line: `values` in steps of `step` pixels of the picture from `start` on; the most is 1."""

    start: float
    step: float
    values: tuple[float, ...]


def column_profile(saliency: NDArray[np.float32], seen: Seen, look: Look) -> Profile:
    """The mean saliency of columns `[W]` step by step, without what lies outside and counts little."""
    area = seen.area
    step = max(1, round((area.bottom - area.top) / _STEPS_A_HEIGHT))
    columns = saliency[area.left : area.right]
    shares = _shares(np.array([columns[i : i + step].mean() for i in range(0, len(columns), step)]))
    high = np.flatnonzero(shares >= _LITTLE)
    first, end = (int(high[0]), int(high[-1]) + 1) if len(high) else (0, 0)
    start = look.column(seen, area.left + first * step)
    return Profile(start, step * look.scale[0], tuple(shares[first:end].tolist()))


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the largest value, in hundredths; zeros where none is above 0."""
    largest = values.max()
    positive = np.maximum(values, 0)
    return np.round(positive / largest, 2) if largest > 0 else np.zeros_like(positive)
