"""Which error counts: the case-insensitive CER of lines, or 1 - top-1 of classes.

Gates, quantization, training, reports and the command line use this file, so that all mean the same error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from crnn_deploy.evaluation.difference import RESAMPLES, Difference, check_same_images, difference_of
from crnn_deploy.evaluation.metrics import Ratio, class_ratios, text_ratios
from crnn_deploy.evaluation.result import Accuracy, Evaluation

PrimaryFigure = Literal["cer_ci", "top1"]
"""The figure that the error comes from, by its name in `Accuracy`."""

ERROR_NAMES: dict[PrimaryFigure, str] = {"cer_ci": "cer_ci", "top1": "top1_error"}
"""What a `Difference` in the error is called: higher is worse for both."""

ERROR_LABELS: dict[PrimaryFigure, str] = {"cer_ci": "CER", "top1": "Top-1 error"}
"""What reports call the error."""


def primary_figure(accuracy: Accuracy) -> PrimaryFigure:
    """The figure that counts: `cer_ci` for lines, `top1` for classes."""
    return "cer_ci" if accuracy.cer_ci is not None else "top1"


def primary_figure_of(task: str) -> PrimaryFigure:
    """The same, from the task of a `ModelSpec`: `ctc` or `classify`."""
    return "cer_ci" if task == "ctc" else "top1"


def primary_error(accuracy: Accuracy) -> float:
    """Case-insensitive CER or 1 - top-1, a fraction.

    Raises:
        ValueError: if `accuracy` has neither.
    """
    if accuracy.cer_ci is not None:
        return accuracy.cer_ci
    if accuracy.top1 is None:
        raise ValueError("There is neither a CER nor a top-1 accuracy.")
    return 1 - accuracy.top1


def error_counts(figure: PrimaryFigure, references: Sequence[str], texts: Sequence[str]) -> Ratio:
    """Errors and possible errors of each image `[N]`: characters of lines, or one for each class."""
    if figure == "cer_ci":
        return text_ratios(references, texts)["cer_ci"]
    hits = class_ratios(references, texts)["top1"]
    return Ratio(hits.possible - hits.counted, hits.possible)


def errors_of(evaluation: Evaluation) -> Ratio:
    """Errors and possible errors of each of its predictions `[N]`."""
    figure = primary_figure(evaluation.accuracy)
    counts = evaluation.predictions.ratio(figure)
    return counts if figure == "cer_ci" else Ratio(counts.possible - counts.counted, counts.possible)


def error_rise(candidate: Evaluation, parent: Evaluation, resamples: int = RESAMPLES, seed: int = 0) -> Difference:
    """How far the candidate's error is above its parent's, with a paired bootstrap over their images.

    Raises:
        InputError: if the two were not evaluated on the same images.
    """
    check_same_images(candidate, parent)
    figure = primary_figure(parent.accuracy)
    return difference_of(ERROR_NAMES[figure], errors_of(candidate), errors_of(parent), resamples, seed)
