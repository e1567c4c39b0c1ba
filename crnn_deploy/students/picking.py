"""The largest student that keeps a budget."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.students.config import SurveyOptions
from crnn_deploy.students.measuring import MeasuredStudent
from crnn_deploy.students.survey import Survey, survey_students
from crnn_deploy.units import milliseconds, size
from crnn_deploy.validation import parse

_MEGABYTE = 1_000_000


class Budget(Frozen):
    """What a student may cost in INT8; what is None may cost anything."""

    budget_ms: float | None = Field(default=None, gt=0, description="median milliseconds for a line of 32×192 pixels")
    budget_mb: float | None = Field(default=None, gt=0, description="megabytes (10^6 bytes) of the file")

    def allows(self, student: MeasuredStudent) -> bool:
        """Whether a student keeps all limits."""
        in_time = self.budget_ms is None or student.latency_ms <= self.budget_ms
        return in_time and (self.budget_mb is None or student.size_bytes <= self.budget_mb * _MEGABYTE)


def pick_student(
    budget_ms: float | None = None,
    budget_mb: float | None = None,
    options: SurveyOptions | None = None,
    progress: Progress = SILENT,
) -> StudentChoice:
    """The student of the catalogue that computes the most within a budget, as it runs in INT8 on this machine.

    Args:
        budget_ms: most milliseconds for a line of 32×192 pixels, one line at a time.
        budget_mb: most megabytes (10^6 bytes) of the INT8 file.
        options: above all `classes`, which the size of the head depends on.

    Raises:
        InputError: if no student keeps the budget, or the budget is not positive.
    """
    budget = parse(Budget, {"budget_ms": budget_ms, "budget_mb": budget_mb}, "The budget")
    return pick_within(budget, survey_students(options or SurveyOptions(), progress=progress)).choice


def pick_within(budget: Budget, survey: Survey) -> MeasuredStudent:
    """The student with the most multiply-accumulates within a budget; of equal ones, the fastest.

    Not the one with the most parameters: fewer frames (stride 8) cost accuracy and MACs, but no parameters.

    Raises:
        InputError: if there is none; the message names the smallest.
    """
    fitting = [student for student in survey.students if budget.allows(student)]
    if not fitting:
        raise _nothing_fits(budget, survey)
    return max(fitting, key=lambda student: (student.macs, -student.latency_ms))


def _nothing_fits(budget: Budget, survey: Survey) -> InputError:
    limits = [milliseconds(budget.budget_ms)] if budget.budget_ms is not None else []
    limits += [size(round(budget.budget_mb * _MEGABYTE))] if budget.budget_mb is not None else []
    fastest = min(survey.students, key=lambda student: student.latency_ms)
    smallest = min(survey.students, key=lambda student: student.size_bytes)
    told = [("Fastest", fastest)] if budget.budget_ms is not None else []
    told += [("Smallest", smallest)] if budget.budget_mb is not None else []
    return InputError(
        f"No student fits into {' and '.join(limits)}.",
        "\n".join(f"{word}: {_described(student)}." for word, student in told),
        "Raise the budget, or leave it out and choose a smaller student by --width and --hidden.",
    )


def _described(student: MeasuredStudent) -> str:
    choice = student.choice
    sizes = f"{choice.family} of width {choice.width:g} and hidden {choice.hidden}"
    return f"{sizes} with {milliseconds(student.latency_ms)} and {size(student.size_bytes)}"
