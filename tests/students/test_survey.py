"""Students are really measured, once for each machine and charset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stopwatches
from pydantic import ValidationError

from crnn_deploy.cache_limit import LIMIT_VARIABLE, cache_entries
from crnn_deploy.environment import environment
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.quantization import untrained
from crnn_deploy.students import survey
from crnn_deploy.students.catalogue import CATALOGUE
from crnn_deploy.students.config import StudentsConfig
from crnn_deploy.students.survey import Survey, survey_students

TINY = (
    StudentChoice(family="mobilenet-v4-gru", width=0.5, hidden=16),
    StudentChoice(family="mobilenet-v1-gru", width=0.25, hidden=8, stride=8, bidirectional=False),
)


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path))
    monkeypatch.setattr(untrained, "InterleavedStopwatch", stopwatches.EachFasterThanTheLast)


def options(**changes: Any) -> StudentsConfig:
    return StudentsConfig(**{"catalogue": TINY, "seconds": 0.01, **changes})


def test_figures_of_real_networks() -> None:
    found = survey_students(options())
    small, large = found.students  # in order of their MACs, not of the catalogue
    assert [small.choice, large.choice] == [TINY[1], TINY[0]]
    assert 0 < small.macs < large.macs
    assert small.latency_ms > 0
    # One byte a weight, and what the graph takes; the batch norms are folded away.
    for student in found.students:
        assert 0.8 * student.parameters < student.size_bytes < 1.1 * student.parameters + 30_000


def test_the_classes_make_the_head() -> None:
    one, two = (survey_students(options(classes=classes)).students[0] for classes in (10, 1010))
    assert two.parameters - one.parameters == 1000 * (TINY[1].hidden + 1)


def test_pictures_cost_what_their_size_does() -> None:
    small, wide = (survey_students(options(channels="RGB", height=48, picture_width=width)) for width in (None, 96))
    assert (small.size, wide.size, small.pictures) == ((48, 48), (48, 96), True)
    for one, two in zip(small.students, wide.students, strict=True):
        assert two.macs == pytest.approx(2 * one.macs, rel=0.02)
        assert two.parameters == one.parameters
    with pytest.raises(ValidationError, match="need a height"):
        options(picture_width=64)
    with pytest.raises(ValidationError, match="pixels"):
        options(height=1024, picture_width=60_000)


def test_figures_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    first = survey_students(options())
    measured: list[Any] = []

    def measure(*arguments: Any) -> Any:
        measured.append(arguments)
        return first.students

    monkeypatch.setattr(survey, "measure_students", measure)
    assert survey_students(options()) == first
    assert not measured
    survey_students(options(threads=2))
    survey_students(options(classes=5))
    survey_students(options(again=True))
    assert len(measured) == 3

    monkeypatch.setattr(survey, "SURVEY_FORMAT", survey.SURVEY_FORMAT + 1)
    survey_students(options())
    assert len(measured) == 4

    other = environment().model_copy(update={"processor": "another", "kernels": None})
    monkeypatch.setattr(survey, "environment", lambda: other)
    assert survey_students(options()).environment == other
    assert len(measured) == 5

    assert len(cache_entries("students")) == 5
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    survey_students(options(again=True))
    assert len(cache_entries("students")) == 1  # those used longer ago made room


def test_what_cannot_be_read_is_measured_again(tmp_path: Path) -> None:
    before = survey_students(options())
    (file,) = (tmp_path / "students").iterdir()
    file.write_text('{"students": 3}')
    assert [student.choice for student in survey_students(options()).students] == [s.choice for s in before.students]
    assert Survey.model_validate_json(file.read_bytes()).classes == 97


def test_a_cache_that_cannot_be_is_told_before_the_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "measure_students", lambda *_: pytest.fail("measured in vain"))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot be written"):
        survey_students(options())


def test_the_catalogue_has_all_families_and_no_student_twice() -> None:
    assert len({student.family for student in CATALOGUE}) == 3
    assert len(set(map(str, CATALOGUE))) == len(CATALOGUE)
