"""`Errors`: where one variant goes wrong, and whether its confidence tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.data.sources.base import Source
from crnn_deploy.evaluation.character_errors import CharacterError, character_errors
from crnn_deploy.evaluation.grouped import ErrorGroup, grouped_errors, label_lengths
from crnn_deploy.evaluation.rejection import Rejection, rejections
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.report.run.wrong import WrongReading, wrong_readings


class Errors(Frozen):
    """The errors of a variant, in groups and one by one."""

    variant: str
    images: int = Field(gt=0, description="that it read")
    wrong_images: int = Field(description="that it read wrong, case ignored")
    by_width: tuple[ErrorGroup, ...] = Field(default=(), description="by the width of lines, as a multiple of height")
    by_length: tuple[ErrorGroup, ...] = Field(default=(), description="by the characters of the label")
    characters: tuple[CharacterError, ...] = Field(default=(), description="most frequent first")
    rejections: tuple[Rejection, ...] = Field(default=(), description="from few images rejected to many")
    wrong: tuple[WrongReading, ...] = Field(default=(), description="the worst first; not all, where they are many")


def find_errors(variant: str, evaluation: Evaluation, source: Source) -> Errors:
    """The errors of a variant.

    Args:
        source: the images of the evaluation.
    """
    aspects = _aspects(evaluation)
    count, wrong = wrong_readings(evaluation, source)
    of_lines = evaluation.dataset.kind == "text"
    return Errors(
        variant=variant,
        images=len(evaluation.predictions),
        wrong_images=count,
        by_width=tuple(grouped_errors(evaluation, aspects)) if of_lines and aspects is not None else (),
        by_length=tuple(grouped_errors(evaluation, label_lengths(evaluation))) if of_lines else (),
        characters=tuple(character_errors(evaluation)),
        rejections=tuple(rejections(evaluation)),
        wrong=wrong,
    )


def _aspects(evaluation: Evaluation) -> NDArray[np.float64] | None:
    """How many times as wide as high each image is, `[N]`; None where that is not known, as of clips."""
    heights = evaluation.predictions.column("height")
    return evaluation.predictions.column("width") / heights if heights.all() else None
