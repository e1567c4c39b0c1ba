"""Distillation end to end, on a task small enough for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import Artifact, open_artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation import EvaluateConfig, evaluate
from crnn_deploy.models import StudentOptions, build, load_model, student_spec
from crnn_deploy.progress import Silent
from crnn_deploy.spec import ModelSpec, Preprocessing
from crnn_deploy.training import DistillConfig, distill, loop

from .conftest import draw_lines

T = TypeVar("T")
MakeTeacher = Callable[[], Artifact]
SMALL = {"width": 0.25, "hidden": 24, "batch_size": 10, "ema_decay": 0.9, "precision": "fp32"}


class StopAfter(Silent):
    """Interrupts the training after some steps, as Ctrl-C would."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        for number, item in enumerate(items):
            if description == "Training" and number == self.steps:
                raise KeyboardInterrupt
            yield item


def config(teacher: Artifact, data: Path, output: Path, **options: object) -> DistillConfig:
    return DistillConfig(teacher=teacher.path, data=str(data), output=output, **{**SMALL, **options})  # type: ignore[arg-type]


def test_a_student_learns_to_read_from_labels(tmp_path: Path, make_teacher: MakeTeacher) -> None:
    train, unseen = draw_lines(tmp_path / "train", 200, 1), draw_lines(tmp_path / "unseen", 40, 2)
    options = {"epochs": 12, "teacher_weight": 0, "learning_rate": 6e-3}
    student = distill(config(make_teacher(), train, tmp_path / "student.safetensors", **options))
    error = evaluate(EvaluateConfig(artifact=student.path, data=str(unseen))).accuracy.cer
    assert error is not None
    assert error < 0.3  # an untrained student writes nothing: 1.0
    assert student.spec.metrics["validation"]["error"] < 0.3
    assert [p.name for p in tmp_path.glob("student*")] == ["student.safetensors"]


def test_a_student_learns_from_its_teacher_alone(tmp_path: Path, make_teacher: MakeTeacher) -> None:
    train = draw_lines(tmp_path / "train", 200, 1)
    options = {"epochs": 12, "learning_rate": 6e-3}
    teacher = distill(config(make_teacher(), train, tmp_path / "able.safetensors", teacher_weight=0, **options))
    unlabelled = draw_lines(tmp_path / "unlabelled", 200, 3, labelled=False)
    student = distill(config(teacher, unlabelled, tmp_path / "student.safetensors", **options))
    step = student.spec.lineage[-1]
    assert step.notes["labels"] is False
    assert step.notes["spikes_kept"] == 1  # the same frame rate
    assert step.parent_sha256 == teacher.sha256
    unseen = draw_lines(tmp_path / "unseen", 40, 2)
    error = evaluate(EvaluateConfig(artifact=student.path, data=str(unseen))).accuracy.cer
    assert error is not None
    assert error < 0.4


def test_an_interrupted_training_ends_in_the_same_bytes(
    tmp_path: Path, lines: Path, make_teacher: MakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    teacher = make_teacher()
    whole = distill(config(teacher, lines, tmp_path / "a" / "student.safetensors", epochs=3))
    again = config(teacher, lines, tmp_path / "b" / "student.safetensors", epochs=3)
    for steps in (1, 3, 4):  # in the middle of epochs and behind one
        with pytest.raises(KeyboardInterrupt):
            distill(again, StopAfter(steps))
        assert not again.output.exists()
    assert distill(again).path.read_bytes() == whole.path.read_bytes()


def test_another_seed_gives_another_student(tmp_path: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    made = [
        distill(config(make_teacher(), lines, tmp_path / f"{seed}.safetensors", epochs=1, seed=seed)) for seed in (0, 1)
    ]
    assert made[0].sha256 != made[1].sha256


def test_a_classifier_learns_from_labels_and_teacher(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 80)
    images = rng.integers(0, 90, (80, 16, 16), np.uint8)
    images[classes == 1, :, 8:] += 150  # the second class is bright on the right
    np.savez(tmp_path / "data.npz", x=images, y=classes)
    plain = ModelSpec(
        name="teacher", task="classify", class_names=("0", "1"), preprocessing=Preprocessing(height=16, width=16)
    )
    spec = student_spec("teacher", "mobilenet-v3-gru", StudentOptions(width=0.25, hidden=8), plain)
    torch.manual_seed(0)
    teacher = write_safetensors(tmp_path / "teacher.safetensors", build(spec).state_dict(), spec)
    student = distill(
        config(teacher, tmp_path / "data.npz", tmp_path / "student.safetensors", epochs=6, teacher_until=0.5)
    )
    assert student.spec.task == "classify"
    assert student.spec.preprocessing.width == 32
    accuracy = evaluate(EvaluateConfig(artifact=student.path, data=str(tmp_path / "data.npz"))).accuracy
    assert accuracy.top1 is not None
    assert accuracy.top1 > 0.9


@pytest.mark.parametrize("family", ["mobilenet-v3-gru", "mobilenet-v4-gru"])
def test_the_artifact_rebuilds_the_student(tmp_path: Path, lines: Path, make_teacher: MakeTeacher, family: str) -> None:
    output = tmp_path / "student.safetensors"
    distill(config(make_teacher(), lines, output, epochs=1, student=family))
    found = open_artifact(output)
    assert found.spec.architecture is not None
    assert found.spec.architecture.family == family
    assert load_model(found)(torch.zeros(2, 1, 32, 40)).shape == (2, 10, 5)


def test_an_existing_output_is_kept(tmp_path: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    output = tmp_path / "student.safetensors"
    output.write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        distill(config(make_teacher(), lines, output))
    assert output.read_text() == "mine"
