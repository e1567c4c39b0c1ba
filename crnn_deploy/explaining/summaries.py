"""Saliency and probabilities, in the few numbers that are shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.explaining.result import Choice
from crnn_deploy.explaining.seen import Box, Look, Seen
from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.spec import ModelSpec

_CHOICES = 3
_CELLS = 32
"""Most cells of a grid in a row or a column."""
_STEPS_A_HEIGHT = 8
"""Steps of a profile in as many columns as a line is high."""


def most_probable(output: NDArray[np.float32], spec: ModelSpec) -> tuple[Choice, ...]:
    """The most probable classes of `[K]`, the best first."""
    probabilities = np.exp(log_probabilities(output))
    order = np.argsort(-probabilities, kind="stable")[:_CHOICES].tolist()
    return tuple(Choice(text=spec.class_names[k], confidence=float(probabilities[k])) for k in order)


def grid(saliency: NDArray[np.float32], area: Box) -> tuple[tuple[float, ...], ...]:
    """The mean saliency in the cells of a grid over the picture; the most is 1, and what speaks against it 0."""
    values = saliency[area.top : area.bottom, area.left : area.right]
    rows = np.array_split(values, min(_CELLS, len(values)))
    cells = [[part.mean() for part in np.array_split(row, min(_CELLS, values.shape[1]), axis=1)] for row in rows]
    return tuple(tuple(row) for row in _shares(np.array(cells)).tolist())


def column_profile(saliency: NDArray[np.float32], seen: Seen, look: Look) -> tuple[float, ...]:
    """The mean saliency of columns `[W]` in equal steps over the picture of a line; the most is 1, the least 0."""
    width = round(look.picture.width / look.scale[0])
    area = seen.area
    line = np.zeros(width)
    first = seen.first + area.left
    part = saliency[area.left : area.right][: max(0, width - first)]
    line[first : first + len(part)] = part
    steps = max(1, round(width * _STEPS_A_HEIGHT / (area.bottom - area.top)))
    return tuple(_shares(np.array([step.mean() for step in np.array_split(line, min(steps, width))])).tolist())


def _shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of the largest value, in hundredths; zeros where none is above 0."""
    largest = values.max()
    positive = np.maximum(values, 0)
    return np.round(positive / largest, 2) if largest > 0 else np.zeros_like(positive)
