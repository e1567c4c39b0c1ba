"""Readings that a teacher is not sure of, or that are empty, teach nothing."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from crnn_deploy.training.losses.ctc import Ctc
from crnn_deploy.training.losses.pseudo_labels import PseudoLabels
from crnn_deploy.training.teachers.batching import TeacherBatch

from .batches import lines, outputs, teacher

UNDECIDED = torch.zeros(2, 3, 2)
ONE, TWO = math.log(8 / 6), math.log(8) / 2  # per character, as in test_ctc


def loss(*teachers: TeacherBatch, logits: Tensor = UNDECIDED) -> float:
    return float(PseudoLabels(0, 0.9)(outputs(logits), lines([3, 3], teachers=teachers)))


def test_sure_readings_are_learned_like_labels() -> None:
    assert loss(teacher(UNDECIDED, readings=[[1], [1, 1]])) == pytest.approx((ONE + TWO) / 2)


def test_unsure_lines_are_left_out() -> None:
    assert loss(teacher(UNDECIDED, readings=[[1], [1, 1]], confidence=[0.95, 0.85])) == pytest.approx(ONE)
    assert loss(teacher(UNDECIDED, readings=[[1], [1, 1]], confidence=[0.85, 0.95])) == pytest.approx(TWO)
    assert loss(teacher(UNDECIDED, readings=[[1], [1, 1]], confidence=[0.1, 0.1])) == 0


def test_empty_readings_are_left_out() -> None:
    assert loss(teacher(UNDECIDED, readings=[[], [1]])) == pytest.approx(ONE)
    assert loss(teacher(UNDECIDED, readings=[[], []])) == 0


def test_readings_longer_than_the_line_are_harmless() -> None:
    assert loss(teacher(UNDECIDED, readings=[[1], [1, 1, 1, 1]])) == pytest.approx(ONE / 2)


def test_teachers_count_the_same() -> None:
    first, second = teacher(UNDECIDED, readings=[[1], [1]]), teacher(UNDECIDED, readings=[[1, 1], [1, 1]])
    assert loss(first, second) == pytest.approx((ONE + TWO) / 2)


def test_probabilities_are_those_of_the_classes_of_each_frame() -> None:
    logits = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    labelled = Ctc(0)(outputs(logits), lines([3, 3], [[1, 2], [3]]))
    assert loss(teacher(logits, readings=[[1, 2], [3]]), logits=logits) == pytest.approx(labelled.item())


def test_a_line_that_is_just_as_sure_as_asked_for_is_learned() -> None:
    taught = teacher(UNDECIDED, readings=[[1], [1, 1]], confidence=[0.5, 0.4375])
    batch = lines([3, 3], teachers=[taught])
    assert PseudoLabels(0, 0.5)(outputs(UNDECIDED), batch).item() == pytest.approx(ONE)
    assert PseudoLabels(0, 0.4375)(outputs(UNDECIDED), batch).item() == pytest.approx((ONE + TWO) / 2)
