"""What `explain` finds, as plain data: all that a page, a picture or a report shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, model_validator

from crnn_deploy.config import Frozen
from crnn_deploy.reading.image_notes import ImageNotes

Share = Annotated[float, Field(ge=0, le=1)]

MOST_CELLS = 32
"""Cells in a row or a column of the saliency of a class."""


class Region(Frozen):
    """A rectangle of the upright picture, in pixels; `right` and `bottom` are outside of it."""

    left: FiniteFloat
    top: FiniteFloat
    right: FiniteFloat
    bottom: FiniteFloat


class Choice(Frozen):
    """Something that the model could say, and its probability; an empty text is CTC's blank, so nothing."""

    text: str
    confidence: Share


class ExplainedCharacter(Frozen):
    """One character of a line."""

    text: str
    confidence: Share = Field(description="highest probability among its frames")
    second: Choice = Field(description="what stands second in that frame")
    frames: tuple[int, int] = Field(description="its first frame in the line, and the one after its last")
    left: FiniteFloat = Field(description="where its frames begin in the picture, in pixels")
    right: FiniteFloat = Field(description="where its frames end in the picture, in pixels")
    start: FiniteFloat = Field(description="where its saliency begins in the picture, in pixels")
    step: float = Field(gt=0, allow_inf_nan=False, description="columns of the picture for each value of its saliency")
    saliency: tuple[Share, ...] = Field(
        description="how much columns speak for it, step by step; the most is 1, and what lies outside counts little"
    )
    region: Region | None = Field(description="the columns that matter most to it; none where no column matters")
    if_hidden: str | None = Field(description="what the line reads when that region is hidden")


class Explanation(Frozen):
    """One image, what the model says of it, and why.

    `characters` are those of a line. `choices` (the most probable classes), `saliency` (rows of a grid over the
    picture, the most is 1), `region` and `if_hidden` (the class when the region is hidden) are of a classifier.
    """

    path: str
    text: str
    confidence: Share
    width: int = Field(gt=0, description="of the upright picture in pixels")
    height: int = Field(gt=0)
    method: Literal["occlusion", "gradients"]
    characters: tuple[ExplainedCharacter, ...] = ()
    choices: tuple[Choice, ...] = ()
    saliency: tuple[tuple[Share, ...], ...] = Field(default=(), max_length=MOST_CELLS)
    region: Region | None = None
    if_hidden: str | None = None

    @model_validator(mode="after")
    def _saliency_is_a_grid(self) -> Explanation:
        lengths = {len(row) for row in self.saliency}
        if self.choices and (len(lengths) != 1 or not 0 < max(lengths) <= MOST_CELLS):
            raise ValueError(f"saliency must have 1 to {MOST_CELLS} rows and columns")
        return self


class Explanations(Frozen):
    """The explained images in their order, and the model that was asked."""

    artifact: str
    sha256: str
    runtime: str
    task: Literal["ctc", "classify"]
    explanations: tuple[Explanation, ...]
    skipped: tuple[str, ...] = ()
    image_notes: ImageNotes = ImageNotes()
