"""Two evaluations on the same images: how far apart they are in one figure, and how often they read the same."""

from __future__ import annotations

import numpy as np

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import difference_interval
from crnn_deploy.evaluation.metrics import Ratio
from crnn_deploy.evaluation.result import Evaluation

RESAMPLES = 1000
"""Resamples of the paired bootstrap, unless a caller chooses others."""


class Difference(Frozen):
    """Candidate minus parent in one figure, a fraction, with its 95 % interval from `low` to `high`."""

    figure: str
    delta: float
    low: float
    high: float


def difference_of(
    figure: str, candidate: Ratio, parent: Ratio, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """The difference in `figure`, by a paired bootstrap over the images of both ratios.

    Args:
        candidate: per-image counts `[N]` of the figure.
        parent: the same of the same images, in the same order.
    """
    low, high = difference_interval(candidate, parent, resamples, seed)
    return Difference(figure=figure, delta=candidate.value - parent.value, low=low, high=high)


def paired_difference(
    candidate: Evaluation, parent: Evaluation, figure: str = "cer_ci", resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """How far the candidate's figure is above its parent's, with a paired bootstrap over their images.

    Raises:
        InputError: if the two were not evaluated on the same images, or the figure doesn't apply to them.
    """
    check_same_images(candidate, parent)
    return difference_of(figure, _ratio(candidate, figure), _ratio(parent, figure), resamples, seed)


def text_agreement(a: Evaluation, b: Evaluation) -> float:
    """Share of images on which both models read exactly the same text or class, right or wrong.

    Raises:
        InputError: if the two were not evaluated on the same images.
    """
    check_same_images(a, b)
    same = a.predictions.column("reading") == b.predictions.column("reading")
    return float(same.mean()) if len(same) else 0.0


def check_same_images(a: Evaluation, b: Evaluation) -> None:
    """Raise `InputError` unless both evaluations have the same images with the same labels, in the same order."""
    ours, theirs = (evaluation.predictions.column("image") for evaluation in (a, b))
    if np.array_equal(ours, theirs):
        return
    both = min(len(ours), len(theirs))
    differs = np.flatnonzero(ours[:both] != theirs[:both])
    differing = a.predictions[int(differs[0])].item if len(differs) else "the number of images"
    raise InputError(
        f"{a.artifact} and {b.artifact} were not evaluated on the same images.",
        f"{len(ours)} images of {a.dataset.name} against {len(theirs)} of {b.dataset.name}; they first differ in "
        f"{differing}. Other data, another limit or another set of skipped images does this.",
        "Evaluate both on the same data with the same options.",
    )


def _ratio(evaluation: Evaluation, figure: str) -> Ratio:
    names = evaluation.figure_names
    if figure not in names:
        raise InputError(
            f"There is no figure '{figure}' for {evaluation.dataset.name}.", fix=f"Choose one of {', '.join(names)}."
        )
    return evaluation.predictions.ratio(figure)
