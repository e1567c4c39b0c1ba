"""The error of lines that have something in common: their width, or the length of their label."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.bootstrap import intervals
from crnn_deploy.evaluation.metrics import Ratio
from crnn_deploy.evaluation.primary_error import errors_of
from crnn_deploy.evaluation.result import Evaluation

_RESAMPLES = 1000
_FEWEST = 20  # images in a group: with fewer, its interval says nothing


Rate = Annotated[float, Field(ge=0, le=1_000_000)]
"""A CER, which may exceed 1 where much is read that is not there."""


class ErrorGroup(Frozen):
    """The error of the images whose value is from `lowest` to `highest`, a fraction, with its 95 % interval."""

    lowest: float
    highest: float
    images: int
    error: Rate
    low: Rate
    high: Rate


def grouped_errors(evaluation: Evaluation, values: ArrayLike, groups: int = 5, seed: int = 0) -> list[ErrorGroup]:
    """The error by value: groups of about as many images each, with equal values in one group.

    Args:
        values: of the predictions, `[N]`, in their order.
        groups: at most; fewer where there are few images or few different values. With one group there is none.
    """
    counts = errors_of(evaluation)
    numbers = np.asarray(values, np.float64)
    wanted = max(1, min(groups, len(numbers) // _FEWEST))
    borders = np.quantile(numbers, np.linspace(0, 1, wanted + 1)[1:-1], method="inverted_cdf")
    number = np.searchsorted(np.unique(borders), numbers)
    found = [_group(numbers, counts, number == each, seed) for each in np.unique(number)]
    return found if len(found) > 1 else []


def label_lengths(evaluation: Evaluation) -> NDArray[np.uint32]:
    """Characters of each label, `[N]`."""
    return evaluation.predictions.column("length")


def _group(values: NDArray[np.float64], counts: Ratio, inside: NDArray[np.bool_], seed: int) -> ErrorGroup:
    ratio = Ratio(counts.counted[inside], counts.possible[inside])
    low, high = intervals({"error": ratio}, _RESAMPLES, seed)["error"]
    return ErrorGroup(
        lowest=float(values[inside].min()),
        highest=float(values[inside].max()),
        images=int(inside.sum()),
        error=ratio.value,
        low=low,
        high=high,
    )
