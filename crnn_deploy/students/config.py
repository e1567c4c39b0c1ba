"""Options of `students`, and the budget by which a student is picked."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.runtime.config import Threads
from crnn_deploy.students.catalogue import CATALOGUE


class StudentBudget(Frozen):
    """What a student may cost in INT8 on this machine; a limit that is None does not count."""

    budget_ms: float | None = Field(
        default=None,
        gt=0,
        description="most milliseconds for a line of 32×192 pixels, one line at a time",
    )
    budget_mb: float | None = Field(default=None, gt=0, description="most megabytes (10^6 bytes) of the INT8 file")

    @property
    def has_limit(self) -> bool:
        """Whether any limit is set."""
        return self.budget_ms is not None or self.budget_mb is not None


class SurveyOptions(Frozen):
    """Which students are measured, and how."""

    classes: int = Field(default=97, gt=1, le=65_000, description="outputs of the head: characters and the blank")
    threads: Threads = Field(default=1, description="of the runtime")
    seconds: float = Field(default=1.0, gt=0, description="time that the timing of one student takes")
    catalogue: tuple[StudentChoice, ...] = Field(default=CATALOGUE, min_length=1)


class StudentsConfig(SurveyOptions, StudentBudget):
    """One survey of the students, and the budget by which one of them is picked."""

    again: bool = Field(default=False, description="measure again what was measured before")
