"""What `students` prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crnn_deploy.cli.failures import Commands
from crnn_deploy.cli.options import command
from crnn_deploy.cli.students import students
from crnn_deploy.environment import environment
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.students import survey
from crnn_deploy.students.config import SurveyOptions
from crnn_deploy.students.measuring import MeasuredStudent

# As the verb is in `crnn-deploy`, but without waiting for the others.
APP = typer.Typer(cls=Commands)
APP.callback()(lambda: None)
APP.command("students")(command(students))

SMALL = MeasuredStudent(
    choice=StudentChoice(family="mobilenet-v1-gru", width=0.25, hidden=48, stride=8),
    parameters=123_456,
    macs=7_000_000,
    size_bytes=150_000,
    latency_ms=0.25,
)
LARGE = MeasuredStudent(
    choice=StudentChoice(width=2, hidden=192, layers=2, residual=True, layer_norm=True),
    parameters=4_000_000,
    macs=400_000_000,
    size_bytes=4_100_000,
    latency_ms=3.5,
)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SurveyOptions]:
    """The options of each measurement, none of which is really done."""
    questions: list[SurveyOptions] = []

    def measure(options: SurveyOptions, _: Any) -> tuple[MeasuredStudent, ...]:
        questions.append(options)
        return SMALL, LARGE

    here = environment().model_copy(update={"processor": "A processor"})
    monkeypatch.setattr(survey, "measure_students", measure)
    monkeypatch.setattr(survey, "environment", lambda: here)
    monkeypatch.setenv("COLUMNS", "80")
    return questions


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path))


def invoke(options: str = "") -> Any:
    return CliRunner().invoke(APP, f"students {options}".split())


def test_a_row_for_each_student() -> None:
    result = invoke("--classes 40")
    assert result.exit_code == 0, result.output
    small, large = (line for line in result.stdout.splitlines() if "mobilenet" in line)
    for told in ("v1", "0.25", "48", "123\u00a0k", "7.00\u00a0M", "150\u00a0kB", "0.250\u00a0ms"):
        assert told in small
    assert "4.10\u00a0MB" in large
    for variant in ("stride 8", "2 layers, residual, norm"):
        assert variant in result.stdout
    assert "32×192, 40 classes; A processor, 1 thread" in " ".join(result.stdout.split())
    assert "→" not in result.stdout


def test_the_pick_is_marked() -> None:
    lines = invoke("--budget-ms 1 --budget-mb 1").stdout.splitlines()
    (marked,) = (line for line in lines if "→" in line)
    assert "mobilenet-v1-gru" in marked


def test_json_holds_the_figures_and_the_pick() -> None:
    found = json.loads(invoke("--budget-ms 9 --json").stdout)
    assert [student["latency_ms"] for student in found["students"]] == [0.25, 3.5]
    assert found["picked"]["choice"]["width"] == 2
    assert json.loads(invoke("--json").stdout)["picked"] is None


def test_nothing_fits() -> None:
    result = invoke("--budget-ms 0.1")
    assert result.exit_code == 2
    assert "0.250" in result.stderr


@pytest.mark.parametrize("option", ["--budget-ms", "--budget-mb", "--classes", "--threads"])
def test_numbers_that_cannot_be(option: str, asked: list[SurveyOptions]) -> None:
    result = invoke(f"{option} 0")
    assert result.exit_code == 2
    assert f"'{option}'" in result.stderr
    assert not asked


def test_measuring_again(asked: list[SurveyOptions]) -> None:
    invoke()
    invoke()
    assert len(asked) == 1
    invoke("--again")
    assert len(asked) == 2
