"""The largest student within a budget."""

from __future__ import annotations

from collections.abc import Sequence

from crnn_deploy.errors import InputError
from crnn_deploy.students.config import StudentBudget
from crnn_deploy.students.measuring import MeasuredStudent
from crnn_deploy.units import milliseconds, size

_MEGABYTE = 1_000_000


def pick_within(budget: StudentBudget, students: Sequence[MeasuredStudent]) -> MeasuredStudent:
    """The student within the budget that has the most multiply-accumulates; of equal ones, the fastest.

    Multiply-accumulates count, and parameters do not: stride 8 costs accuracy and saves multiply-accumulates, but no
    parameters.

    Raises:
        InputError: if no student is within the budget; the message names the fastest or the smallest one.
    """
    fitting = [student for student in students if _is_within(budget, student)]
    if not fitting:
        raise _nothing_fits(budget, students)
    return max(fitting, key=lambda student: (student.macs, -student.latency_ms))


def _is_within(budget: StudentBudget, student: MeasuredStudent) -> bool:
    fast = budget.budget_ms is None or student.latency_ms <= budget.budget_ms
    return fast and (budget.budget_mb is None or student.size_bytes <= budget.budget_mb * _MEGABYTE)


def _nothing_fits(budget: StudentBudget, students: Sequence[MeasuredStudent]) -> InputError:
    limits, nearest = [], []
    if budget.budget_ms is not None:
        limits.append(milliseconds(budget.budget_ms))
        nearest.append(f"Fastest: {_described(min(students, key=lambda student: student.latency_ms))}.")
    if budget.budget_mb is not None:
        limits.append(size(round(budget.budget_mb * _MEGABYTE)))
        nearest.append(f"Smallest: {_described(min(students, key=lambda student: student.size_bytes))}.")
    return InputError(
        f"No student fits into {' and '.join(limits)}.",
        "\n".join(nearest),
        "Raise the budget, or leave it out and choose a smaller student by --width and --hidden.",
    )


def _described(student: MeasuredStudent) -> str:
    choice = student.choice
    sizes = f"{choice.family} of width {choice.width:g} and hidden {choice.hidden}"
    return f"{sizes} with {milliseconds(student.latency_ms)} and {size(student.size_bytes)}"
