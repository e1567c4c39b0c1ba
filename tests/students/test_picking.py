"""The budget: what fits, the largest of it, and what is said where nothing does."""

from __future__ import annotations

from typing import Any

import pytest

from crnn_deploy.environment import environment
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.students import picking
from crnn_deploy.students.measuring import MeasuredStudent
from crnn_deploy.students.picking import Budget, pick_student, pick_within
from crnn_deploy.students.survey import Survey


def student(hidden: int, macs: int, latency_ms: float, size_bytes: int) -> MeasuredStudent:
    return MeasuredStudent(
        choice=StudentChoice(hidden=hidden),
        parameters=1000 * hidden,
        macs=macs,
        size_bytes=size_bytes,
        latency_ms=latency_ms,
    )


SMALL = student(1, macs=10, latency_ms=0.5, size_bytes=300_000)
DENSE = student(2, macs=40, latency_ms=0.9, size_bytes=900_000)
WIDE = student(9, macs=30, latency_ms=1.0, size_bytes=1_200_000)
LARGE = student(4, macs=90, latency_ms=2.0, size_bytes=1_000_000)


@pytest.fixture(scope="module")
def survey() -> Survey:
    return Survey(environment=environment(), classes=97, threads=1, students=(SMALL, WIDE, DENSE, LARGE))


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ({}, LARGE),
        ({"budget_ms": 0.5}, SMALL),
        ({"budget_ms": 1.5}, DENSE),  # the most MACs, not the most parameters
        ({"budget_mb": 0.95}, DENSE),
        ({"budget_ms": 5, "budget_mb": 1.0}, LARGE),
        ({"budget_ms": 5, "budget_mb": 0.5}, SMALL),
    ],
)
def test_the_largest_that_fits(survey: Survey, budget: dict[str, float], expected: MeasuredStudent) -> None:
    assert pick_within(Budget(**budget), survey) == expected


def test_of_equal_ones_the_fastest(survey: Survey) -> None:
    slower = DENSE.model_copy(update={"latency_ms": 1.2})
    assert pick_within(Budget(budget_ms=1.5), survey.model_copy(update={"students": (slower, DENSE)})) == DENSE


@pytest.mark.parametrize(
    ("budget", "told", "untold"),
    [
        ({"budget_ms": 0.1}, ["No student fits into 0.100", "Fastest", "hidden 1", "0.500", "300"], "Smallest"),
        ({"budget_mb": 0.1}, ["100\u00a0kB", "Smallest", "hidden 1"], "Fastest"),
        ({"budget_ms": 0.1, "budget_mb": 0.1}, ["0.100\u00a0ms and 100\u00a0kB", "Fastest", "Smallest"], "None"),
    ],
)
def test_nothing_fits(survey: Survey, budget: dict[str, float], told: list[str], untold: str) -> None:
    with pytest.raises(InputError) as raised:
        pick_within(Budget(**budget), survey)
    assert all(words in str(raised.value) for words in told)
    assert untold not in str(raised.value)


def test_a_choice_for_distillation(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(picking, "survey_students", lambda options, **_: (asked.append(options), survey)[1])
    assert pick_student(budget_ms=1.5) == DENSE.choice
    assert asked[0].classes == 97
    with pytest.raises(InputError, match="budget_ms"):
        pick_student(budget_ms=-1)
