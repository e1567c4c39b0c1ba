"""Options of `students`."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.runtime.config import Threads
from crnn_deploy.students.catalogue import CATALOGUE


class SurveyOptions(Frozen):
    """Which students are measured, and how."""

    classes: int = Field(default=97, gt=1, le=65_000, description="outputs of the head: characters and the blank")
    threads: Threads = Field(default=1, description="of the runtime")
    seconds: float = Field(default=1.0, gt=0, description="time budget of a student in the timing")
    catalogue: tuple[StudentChoice, ...] = Field(default=CATALOGUE, min_length=1)
