"""Options of `students`, and the budget by which a student is picked."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crnn_deploy.config import Frozen, NoOption, Option
from crnn_deploy.limits import MAX_HEIGHT, MAX_INPUT_PIXELS, MAX_WIDTH
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.runtime.config import Threads
from crnn_deploy.students.catalogue import CATALOGUE

LINE = (32, 192)  # height and width of a short line of print: some twenty characters


class StudentBudget(Frozen):
    """What a student may cost in INT8 on this machine; a limit that is None does not count."""

    budget_ms: Annotated[float | None, Option(metavar="MS")] = Field(
        default=None,
        gt=0,
        description="Pick the largest student that takes at most this many milliseconds for a line of 32×192 pixels, "
        "or for a picture.",
        examples=[1.5],
    )
    budget_mb: Annotated[float | None, Option(metavar="MB")] = Field(
        default=None,
        gt=0,
        description="Pick the largest student whose INT8 file has at most this many megabytes (10^6 bytes).",
        examples=[1],
    )

    @property
    def has_limit(self) -> bool:
        """Whether any limit is set."""
        return self.budget_ms is not None or self.budget_mb is not None


class SurveyOptions(Frozen):
    """Which students are measured, and how."""

    classes: int = Field(
        default=97, gt=1, le=65_000, description="Outputs of the head: characters and the blank, or classes."
    )
    height: int | None = Field(
        default=None,
        gt=0,
        le=MAX_HEIGHT,
        description="Height of the pictures whose classes the students name; without it they read lines.",
        examples=[64],
    )
    picture_width: int | None = Field(
        default=None, gt=0, le=MAX_WIDTH, description="Their width; without it the height.", examples=[96]
    )
    channels: Literal["L", "RGB", "BGR"] = Field(default="L", description="Colours that the students see.")
    threads: Threads = Field(default=1, description="Threads of the runtime.")
    seconds: float = Field(default=1.0, gt=0, description="Seconds that the timing of one student takes.")
    catalogue: Annotated[tuple[StudentChoice, ...], NoOption()] = Field(
        default=CATALOGUE, min_length=1, description="The students to measure."
    )

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of what the students see."""
        return LINE if self.height is None else (self.height, self.picture_width or self.height)

    @model_validator(mode="after")
    def _pictures_have_a_height(self) -> SurveyOptions:
        if self.height is None and self.picture_width is not None:
            raise ValueError("pictures need a height beside their width; lines have 32×192 pixels")
        if math.prod(self.input_size) > MAX_INPUT_PIXELS:
            raise ValueError(f"pictures may have {MAX_INPUT_PIXELS:,} pixels")
        return self


class StudentsConfig(SurveyOptions, StudentBudget):
    """One survey of the students, and the budget by which one of them is picked."""

    again: bool = Field(default=False, description="Measure again, even if the figures are stored.")
