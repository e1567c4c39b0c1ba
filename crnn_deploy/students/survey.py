"""The students of a catalogue as they run on this machine. They are measured once, and the figures are stored."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crnn_deploy.cache_limit import cache_place, limit_cache, mark_used
from crnn_deploy.config import Frozen
from crnn_deploy.environment import Environment, environment
from crnn_deploy.files import make_folder, write_text
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.students.config import StudentsConfig, SurveyOptions
from crnn_deploy.students.measuring import MeasuredStudent, measure_students
from crnn_deploy.students.picking import pick_within

SURVEY_FORMAT = 3
"""Raise this number when stored figures of earlier versions must not be used any more.

That is the case when students are built, quantized or timed differently.
"""

# What latencies depend on. Other parts of an environment, such as the compiler, may change without a new measurement.
_MACHINE = {"processor", "cores", "instruction_sets", "packages", "kernels"}


class Survey(Frozen):
    """Students measured side by side on one machine, smallest network first; see `MeasuredStudent` for the units.

    `size` is the height and the width of what they saw: a line, or with `pictures` a picture, in `channels`.
    `picked` is the largest student within the budget, if the config has one.
    """

    environment: Environment
    classes: int
    threads: int
    size: tuple[int, int]
    channels: str
    pictures: bool
    students: tuple[MeasuredStudent, ...]
    picked: MeasuredStudent | None = None


def survey_students(config: StudentsConfig, progress: Progress = SILENT) -> Survey:
    """Measure the students of a catalogue in INT8 on this machine, and pick one if the config has a budget.

    Measuring takes minutes the first time; later calls read the stored figures.

    Raises:
        InputError: if the figures cannot be stored, or no student is within the budget.
    """
    survey = _measured(config, progress)
    if not config.has_limit:
        return survey
    return survey.model_copy(update={"picked": pick_within(config, survey.students)})


def pick_student(config: StudentsConfig, progress: Progress = SILENT) -> StudentChoice:
    """The largest student within the budget of the config, which must have one.

    Raises:
        InputError: as `survey_students`.
    """
    picked = survey_students(config, progress).picked
    assert picked is not None
    return picked.choice


def _measured(config: StudentsConfig, progress: Progress) -> Survey:
    """The stored survey, or a new one."""
    options = SurveyOptions(**{name: getattr(config, name) for name in SurveyOptions.model_fields})
    here = environment()
    path = _path(options, here)
    stored = None if config.again else _read(path)
    if stored is not None:
        mark_used(path)
        return stored
    make_folder(path.parent)  # before the measuring, so that it fails early
    students = measure_students(options, progress)
    ordered = tuple(sorted(students, key=lambda student: student.macs))
    survey = Survey(
        environment=here,
        classes=options.classes,
        threads=options.threads,
        size=options.input_size,
        channels=options.channels,
        pictures=options.height is not None,
        students=ordered,
    )
    write_text(path, survey.model_dump_json(indent=2, exclude={"picked"}))
    limit_cache(path)
    return survey


def _path(options: SurveyOptions, here: Environment) -> Path:
    """The file of a survey; its name depends on everything that the figures depend on."""
    depends: dict[str, Any] = {
        "format": SURVEY_FORMAT,
        "options": options.model_dump(),
        "machine": here.model_dump(include=_MACHINE),
    }
    key = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()
    return cache_place("students") / f"{key[:16]}.json"


def _read(path: Path) -> Survey | None:
    """A stored survey; None if there is none, or it is not one that this version can read."""
    try:
        return Survey.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
