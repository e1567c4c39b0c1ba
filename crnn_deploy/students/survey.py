"""The catalogue as it runs on this machine; measured once, then remembered."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crnn_deploy.config import Frozen
from crnn_deploy.environment import Environment, environment
from crnn_deploy.files import cache_folder, make_folder, write_text
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.students.config import SurveyOptions
from crnn_deploy.students.measuring import LINE_HEIGHT, LINE_WIDTH, MeasuredStudent, measure_students

# What latencies depend on; the rest of an environment, such as a compiler, may change without measuring again.
_MACHINE = {"processor", "cores", "instruction_sets", "packages", "kernels"}


class Survey(Frozen):
    """Students measured side by side on one machine, smallest network first; see `MeasuredStudent` for the units."""

    environment: Environment
    classes: int
    threads: int
    line: tuple[int, int] = (LINE_HEIGHT, LINE_WIDTH)
    students: tuple[MeasuredStudent, ...]


def survey_students(options: SurveyOptions, again: bool = False, progress: Progress = SILENT) -> Survey:
    """Measure the students of a catalogue in INT8 on this machine: minutes the first time, nothing afterwards.

    Args:
        again: measure them even if the figures are known.

    Raises:
        InputError: if the figures cannot be kept.
    """
    here = environment()
    path = _remembered_at(options, here)
    known = None if again else _read(path)
    if known is not None:
        return known
    make_folder(path.parent)  # now, rather than behind minutes of measuring
    measured = measure_students(options.catalogue, options.classes, options.threads, options.seconds, progress)
    ordered = tuple(sorted(measured, key=lambda student: student.macs))
    survey = Survey(environment=here, classes=options.classes, threads=options.threads, students=ordered)
    write_text(path, survey.model_dump_json(indent=2))
    return survey


def _remembered_at(options: SurveyOptions, here: Environment) -> Path:
    """The file of a survey, by all that its figures depend on."""
    depends: dict[str, Any] = {"options": options.model_dump(), "machine": here.model_dump(include=_MACHINE)}
    key = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()
    return cache_folder() / "students" / f"{key[:16]}.json"


def _read(path: Path) -> Survey | None:
    """A survey that was remembered, or None where there is none, or none that this version understands."""
    try:
        return Survey.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
