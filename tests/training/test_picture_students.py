"""Students of networks for pictures: at the teacher's size or another one, by name or by a budget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.pictures.config import ResNet
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.students import survey
from crnn_deploy.students.config import SurveyOptions
from crnn_deploy.students.measuring import MeasuredStudent
from crnn_deploy.training.distill import distill
from crnn_deploy.training.train import train

from .tiny import distill_config, draw_classes, train_config

SMALL = StudentChoice(width=0.25, hidden=8)


def teacher_of(size: int, folder: Path) -> Artifact:
    """A tiny resnet18-gru with random weights."""
    spec = picture_spec("teacher", ResNet(width=0.25, hidden=8, layers=1), ("0", "1"), "RGB", (size, size))
    torch.manual_seed(0)
    return write_safetensors(folder / "teacher.safetensors", build(spec).state_dict(), spec)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Eight colour pictures of two classes."""
    images = np.random.default_rng(0).integers(0, 255, (8, 20, 24, 3), np.uint8)
    np.savez(tmp_path / "pictures.npz", x=images, y=np.arange(8) % 2)
    return tmp_path / "pictures.npz"


@pytest.mark.parametrize(("size", "height"), [(64, None), (96, None), (64, 32)])
def test_a_resnet_teaches_a_student_of_its_size_or_another(
    size: int, height: int | None, pictures: Path, student: Path, tmp_path: Path
) -> None:
    made = distill(distill_config(teacher_of(size, tmp_path), pictures, student, epochs=1, height=height))
    p, expected = made.spec.preprocessing, height or size
    assert (p.height, p.width, p.channels) == (expected, expected, "RGB")
    step = made.spec.lineage[-1]
    assert step.notes["history"][0]["losses"].keys() == {"cross-entropy", "hinton-kd"}
    assert step.options.get("height") == height


def test_a_height_for_lines_is_refused_before_any_work(student: Path, lines: Path, make_teacher: Any) -> None:
    with pytest.raises(InputError, match="--height 64 has no effect"):
        distill(distill_config(make_teacher(), lines, student, student={}, height=64, budget_ms=1))


@pytest.mark.parametrize(("options", "size"), [({}, (16, 16)), ({"size": 24}, (24, 24))])
def test_students_are_trained_at_the_size_of_the_pictures_or_another(
    options: dict[str, Any], size: tuple[int, int], tmp_path: Path
) -> None:
    model = {"family": "mobilenet-v1-gru", "width": 0.25, "hidden": 8}
    data, output = draw_classes(tmp_path / "data.npz", count=12), tmp_path / "s.safetensors"
    made = train(train_config(data, output, model=model, epochs=1, **options))
    assert (made.spec.preprocessing.height, made.spec.preprocessing.width) == size


@pytest.mark.parametrize(("height", "seen"), [(None, 64), (32, 32)])
def test_a_budget_counts_for_a_picture_as_the_student_sees_it(
    height: int | None, seen: int, pictures: Path, student: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[SurveyOptions] = []

    def measure(options: SurveyOptions, _: object) -> Sequence[MeasuredStudent]:
        asked.append(options)
        return (MeasuredStudent(choice=SMALL, parameters=1, macs=1, size_bytes=1, latency_ms=1),)

    monkeypatch.setattr(survey, "measure_students", measure)
    limits = {"student": {}, "budget_ms": 2, "height": height, "epochs": 1}
    made = distill(distill_config(teacher_of(64, tmp_path), pictures, student, **limits))
    assert made.spec.preprocessing.height == seen
    (options,) = asked
    assert (options.input_size, options.channels, options.classes) == ((seen, seen), "RGB", 2)
