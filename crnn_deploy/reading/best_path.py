"""The characters on the most probable path of a line, and how probable they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from crnn_deploy.reading.runs import equal_runs

Run = tuple[int, float, int, int]
"""Equal frames on the path: their class, their highest probability, the first one and the one after the last."""


def labelled_runs(path: Sequence[int], confidences: Sequence[float], blank: int) -> list[Run]:
    """The runs of equal classes without those of blanks, from the frames `[T]` of the path and their probabilities."""
    return [
        (label, max(confidences[first:end]), first, end) for label, first, end in equal_runs(path) if label != blank
    ]


def line_confidence(runs: Sequence[Run], confidences: Sequence[float]) -> float:
    """The product of the probabilities of the runs, or where there are none of all frames, which are blank."""
    return prod([sure for _, sure, _, _ in runs] or confidences)
