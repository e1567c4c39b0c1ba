"""The characters on the most probable path of a line, and how probable they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.native import best_path as native
from crnn_deploy.reading.runs import equal_runs
from crnn_deploy.runtime.outputs import are_probabilities, highest_probabilities
from crnn_deploy.spec import ModelSpec

Run = tuple[int, float, int, int]
"""Equal frames on the path: their class, their highest probability, the first one and the one after the last."""


def best_path(output: NDArray[np.float32], spec: ModelSpec) -> tuple[list[Run], float]:
    """The runs on the path of a line without those of blanks, and the confidence of the line.

    The confidence is the product of the probabilities of the runs, or where there are none of all frames, at the
    temperature of the spec.

    Args:
        output: `[T, K]`; probabilities and log-probabilities give the same as logits.
    """
    if native.available() and not are_probabilities(output):
        return native.best_path(output, spec.blank, spec.temperature)
    highest = highest_probabilities(output, spec.temperature).tolist()
    runs = labelled_runs(output.argmax(axis=1).tolist(), highest, spec.blank)
    return runs, prod([sure for _, sure, _, _ in runs] or highest)


def labelled_runs(path: Sequence[int], confidences: Sequence[float], blank: int) -> list[Run]:
    """The runs of equal classes without those of blanks, from the frames `[T]` of the path and their probabilities."""
    return [
        (label, max(confidences[first:end]), first, end) for label, first, end in equal_runs(path) if label != blank
    ]
