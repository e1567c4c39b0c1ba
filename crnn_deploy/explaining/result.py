"""What `explain` finds, as plain data: all that a page, a picture or a report shows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.image_notes import ImageNotes


class Region(Frozen):
    """A rectangle of the upright picture, in pixels; `right` and `bottom` are outside of it."""

    left: float
    top: float
    right: float
    bottom: float


class Choice(Frozen):
    """Something that the model could say, and its probability; an empty text is CTC's blank, so nothing."""

    text: str
    confidence: float


class ExplainedCharacter(Frozen):
    """One character of a line."""

    text: str
    confidence: float = Field(description="highest probability among its frames")
    second: Choice = Field(description="what stands second in that frame")
    frames: tuple[int, int] = Field(description="its first frame in the line, and the one after its last")
    left: float = Field(description="where its frames begin in the picture, in pixels")
    right: float = Field(description="where its frames end in the picture, in pixels")
    saliency: tuple[float, ...] = Field(
        description="how much hiding columns, from left to right in equal steps, speaks against it; the most is 1"
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
    confidence: float
    width: int = Field(description="of the upright picture in pixels")
    height: int
    method: Literal["occlusion", "gradients"]
    characters: tuple[ExplainedCharacter, ...] = ()
    choices: tuple[Choice, ...] = ()
    saliency: tuple[tuple[float, ...], ...] = ()
    region: Region | None = None
    if_hidden: str | None = None


class Explanations(Frozen):
    """The explained images in their order, and the model that was asked."""

    artifact: str
    sha256: str
    runtime: str
    task: Literal["ctc", "classify"]
    explanations: tuple[Explanation, ...]
    skipped: tuple[str, ...] = ()
    image_notes: ImageNotes = ImageNotes()
