"""The budget: what fits, the largest of it, and what is said where nothing does."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.students import survey
from crnn_deploy.students.config import StudentBudget, StudentsConfig, SurveyOptions
from crnn_deploy.students.measuring import MeasuredStudent
from crnn_deploy.students.picking import pick_within
from crnn_deploy.students.survey import pick_student, survey_students


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


STUDENTS = (SMALL, WIDE, DENSE, LARGE)


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
def test_the_largest_that_fits(budget: dict[str, float], expected: MeasuredStudent) -> None:
    assert pick_within(StudentBudget(**budget), STUDENTS) == expected


def test_of_equal_ones_the_fastest() -> None:
    slower = DENSE.model_copy(update={"latency_ms": 1.2})
    assert pick_within(StudentBudget(budget_ms=1.5), (slower, DENSE)) == DENSE


@pytest.mark.parametrize(
    ("budget", "told", "untold"),
    [
        ({"budget_ms": 0.1}, ["No student fits into 0.100", "Fastest", "hidden 1", "0.500", "300"], "Smallest"),
        ({"budget_mb": 0.1}, ["100\u00a0kB", "Smallest", "hidden 1"], "Fastest"),
        ({"budget_ms": 0.1, "budget_mb": 0.1}, ["0.100\u00a0ms and 100\u00a0kB", "Fastest", "Smallest"], "None"),
    ],
)
def test_nothing_fits(budget: dict[str, float], told: list[str], untold: str) -> None:
    with pytest.raises(InputError) as raised:
        pick_within(StudentBudget(**budget), STUDENTS)
    assert all(words in str(raised.value) for words in told)
    assert untold not in str(raised.value)


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SurveyOptions]:
    """The options of each measurement, none of which is really done."""
    options: list[SurveyOptions] = []
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path))
    monkeypatch.setattr(survey, "measure_students", lambda asked, _: (options.append(asked), STUDENTS)[1])
    return options


def test_a_choice_for_distillation(measured: list[SurveyOptions]) -> None:
    assert pick_student(StudentsConfig(budget_ms=1.5)) == DENSE.choice
    assert measured[0].classes == 97
    with pytest.raises(ValidationError, match="budget_ms"):
        StudentsConfig(budget_ms=-1)


def test_a_survey_names_the_pick_and_does_not_store_it(measured: list[SurveyOptions]) -> None:
    assert survey_students(StudentsConfig(budget_ms=1.5)).picked == DENSE
    assert survey_students(StudentsConfig()).picked is None
    assert survey_students(StudentsConfig(budget_mb=0.5)).picked == SMALL
    assert len(measured) == 1
    with pytest.raises(InputError, match="No student fits"):
        survey_students(StudentsConfig(budget_ms=0.1))
