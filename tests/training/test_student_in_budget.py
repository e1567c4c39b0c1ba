"""A budget picks the student of a distillation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from told import Told

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.students import survey
from crnn_deploy.students.config import SurveyOptions
from crnn_deploy.students.measuring import MeasuredStudent
from crnn_deploy.training.config import DistillConfig
from crnn_deploy.training.distill import distill

from .tiny import distill_config

MakeTeacher = Callable[..., Artifact]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[SurveyOptions]:
    """The options of each survey of two students, neither of which is really measured."""
    options: list[SurveyOptions] = []

    def measure(asked: SurveyOptions, _: Any) -> tuple[MeasuredStudent, ...]:
        options.append(asked)
        choices = (StudentChoice(width=0.25, hidden=8), StudentChoice(width=2, hidden=192))
        return tuple(
            MeasuredStudent(choice=choice, parameters=1, macs=macs, size_bytes=1000 * macs, latency_ms=macs)
            for choice, macs in zip(choices, (1, 9), strict=True)
        )

    monkeypatch.setattr(survey, "measure_students", measure)
    return options


def test_the_largest_student_within_it_is_trained(
    student: Path, lines: Path, make_teacher: MakeTeacher, measured: list[SurveyOptions]
) -> None:
    told = Told()
    made = distill(distill_config(make_teacher(), lines, student, student={}, budget_ms=2, epochs=1), told)
    assert made.spec.architecture is not None
    assert made.spec.architecture.options["hidden"] == 8
    assert [options.classes for options in measured] == [5]
    assert "within the budget: mobilenet-v4-gru:hidden=8,width=0.25" in told.lines
    step = made.spec.lineage[-1].options
    assert (step["student"]["hidden"], step["budget_ms"]) == (8, 2)
    assert "budget_mb" not in step


def test_the_charset_decides_how_large_the_heads_are(
    student: Path, lines: Path, make_teacher: MakeTeacher, measured: list[SurveyOptions]
) -> None:
    options = {"student": {}, "budget_ms": 0.5, "charset": "ABCDEF"}
    with pytest.raises(InputError, match="No student fits into"):
        distill(distill_config(make_teacher(), lines, student, **options))
    assert [options.classes for options in measured] == [7]
    assert not student.exists()


def test_without_a_budget_the_lineage_has_none(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    assert not {"budget_ms", "budget_mb"} & distill_config(make_teacher(), lines, student).shaping().keys()


@pytest.mark.parametrize("choice", [{"width": 0.5}, "mobilenet-v4-gru", {"family": "mobilenet-v1-gru"}])
def test_student_and_budget_exclude_each_other(choice: object) -> None:
    fields = {"teachers": ["t.onnx"], "data": "d", "output": "s.safetensors", "student": choice}
    DistillConfig.model_validate(fields)
    with pytest.raises(ValidationError, match="a budget chooses the student"):
        DistillConfig.model_validate({**fields, "budget_mb": 1})


def test_several_processes_cannot_measure(
    student: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="several processes"):
        distill(distill_config(make_teacher(), lines, student, student={}, budget_ms=2))
