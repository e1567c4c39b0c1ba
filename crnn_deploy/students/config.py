"""Options of `students`, and the budget by which a student is picked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Frozen, NoOption, Option
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.runtime.config import Threads
from crnn_deploy.students.catalogue import CATALOGUE


class StudentBudget(Frozen):
    """What a student may cost in INT8 on this machine; a limit that is None does not count."""

    budget_ms: Annotated[float | None, Option(metavar="MS")] = Field(
        default=None,
        gt=0,
        description="Pick the largest student that takes at most this many milliseconds for a line of 32×192 pixels.",
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

    classes: int = Field(default=97, gt=1, le=65_000, description="Outputs of the head: characters and the blank.")
    threads: Threads = Field(default=1, description="Threads of the runtime.")
    seconds: float = Field(default=1.0, gt=0, description="Seconds that the timing of one student takes.")
    catalogue: Annotated[tuple[StudentChoice, ...], NoOption()] = Field(
        default=CATALOGUE, min_length=1, description="The students to measure."
    )


class StudentsConfig(SurveyOptions, StudentBudget):
    """One survey of the students, and the budget by which one of them is picked."""

    again: bool = Field(default=False, description="Measure again, even if the figures are stored.")
