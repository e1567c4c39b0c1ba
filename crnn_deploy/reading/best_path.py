"""The characters on the most probable path of a line, and how sure the model is of them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from crnn_deploy.reading.runs import equal_runs


class Run(NamedTuple):
    """Equal frames on the path: their class, their highest probability, the first one and the one after the last."""

    label: int
    confidence: float
    first: int
    end: int


def labelled_runs(path: Sequence[int], confidences: Sequence[float], blank: int) -> list[Run]:
    """The runs of equal classes without those of blanks, from the frames `[T]` of the path and their probabilities."""
    return [
        Run(label, max(confidences[first:end]), first, end) for label, first, end in equal_runs(path) if label != blank
    ]


def line_confidence(runs: Sequence[Run], confidences: Sequence[float]) -> float:
    """The mean probability of the runs, or where there are none that of all frames."""
    return fmean([run.confidence for run in runs] or confidences)
