"""`Errors`: where one variant goes wrong, and whether its confidence tells."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.data.clip import Clip
from crnn_deploy.data.picture import seen_size
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
    positions = {source.item_name(index): index for index in range(len(source))}
    indices = [positions[prediction.item] for prediction in evaluation.predictions]
    aspects = _aspects(source, indices)
    count, wrong = wrong_readings(evaluation, source, indices, aspects)
    of_lines = evaluation.dataset.kind == "text"
    return Errors(
        variant=variant,
        images=len(indices),
        wrong_images=count,
        by_width=tuple(grouped_errors(evaluation, aspects)) if of_lines and aspects else (),
        by_length=tuple(grouped_errors(evaluation, label_lengths(evaluation))) if of_lines else (),
        characters=tuple(character_errors(evaluation)),
        rejections=tuple(rejections(evaluation)),
        wrong=wrong,
    )


def _aspects(source: Source, indices: Sequence[int]) -> list[float]:
    """How many times as wide as high each image is; empty for clips."""
    aspects = []
    for index in indices:
        image = source.image(index)
        if isinstance(image, Clip):
            return []
        width, height = seen_size(image)
        aspects.append(width / height)
    return aspects
