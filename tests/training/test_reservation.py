"""Trainings that leave something unproved say so."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.index.rows import Item, Rows
from crnn_deploy.data.sources.base import Kind
from crnn_deploy.data.sources.encoded import EncodedSource
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.reservation import student_reservation, teacher_reservation, training_reservation
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.likeliest import likeliest

LINES = ModelSpec(name="lines", charset="abc", preprocessing=Preprocessing(height=32))
CLASSES = ModelSpec(name="classes", task="classify", class_names=("a", "b"), preprocessing=Preprocessing(height=32))


class Said:
    """Answers with these targets, by image."""

    def __init__(self, *targets: list[int]) -> None:
        self._targets = targets

    def __getitem__(self, item: int) -> Answer:
        targets = np.array(self._targets[item % len(self._targets)], np.int64)
        return Answer(likeliest(np.zeros((1, 4), np.float32)), np.ones(1, bool), targets, 1.0)


def source(count: int, text: str = "ab", labelled: bool = True) -> EncodedSource:
    items = [Item(str(index), text) for index in range(count)]
    kind: Kind = "text" if labelled else "unlabelled"
    return EncodedSource("set", kind, Rows.of(items), lambda _: Image.new("L", (8, 8)).tobytes())


@pytest.mark.parametrize(
    ("answers", "text", "reason"),
    [
        (Said([]), "ab", "reads nothing in any of 10 images"),
        (Said([1]), "ab", "reads the same in each of 10 images: 'a'"),
        (Said([3, 3], [3]), "ab", "reads almost nothing right"),
        (Said([1, 2], [1]), "ab", ""),
    ],
)
def test_a_teacher_that_reads_nothing(answers: Said, text: str, reason: str) -> None:
    found = teacher_reservation(answers, source(10, text), LINES)
    assert found.startswith(reason)
    assert bool(found) is bool(reason)


def test_a_teacher_is_sampled_over_all_images() -> None:
    assert teacher_reservation(Said(*[[1]] * 399, [2]), source(400, labelled=False), LINES)
    assert not teacher_reservation(Said(*[[1]] * 200, *[[2]] * 200), source(400, labelled=False), LINES)


def test_a_teacher_of_one_class() -> None:
    assert "same class, 'b'" in teacher_reservation(Said([1]), source(3), CLASSES)


@pytest.mark.parametrize(
    ("spec", "error", "told"), [(LINES, 0.95, True), (LINES, 0.5, False), (CLASSES, 0.5, True), (CLASSES, 0.4, False)]
)
def test_a_network_that_learned_nothing(spec: ModelSpec, error: float, told: bool) -> None:
    assert bool(student_reservation(error, spec)) is told
    assert bool(training_reservation("", error, spec)) is told
    assert "teacher reads nothing" in training_reservation("reads nothing", 0.0, spec)
