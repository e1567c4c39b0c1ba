"""Losses of classifiers: known answers and what the papers promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from crnn_deploy.training.augmentation.mixing import Mixture
from crnn_deploy.training.losses.base import Loss
from crnn_deploy.training.losses.classes import CrossEntropy, Dist, Dkd, HintonKd

from .batches import outputs, pictures, teacher


def logits(seed: int, count: int = 1, classes: int = 5) -> Tensor:
    return 2 * torch.randn(count, classes, generator=torch.Generator().manual_seed(seed))


def distance(loss: Loss, student: Tensor, *taught: Tensor, classes: list[int] | None = None) -> float:
    return float(loss(outputs(student), pictures(len(student), classes, [teacher(t) for t in taught])))


def test_cross_entropy() -> None:
    undecided = outputs(torch.zeros(2, 4))
    assert CrossEntropy(0.0)(undecided, pictures(2, [0, 3])).item() == pytest.approx(math.log(4))
    coin = outputs(torch.tensor([[0.9, 0.1]]).log())
    expected = -(0.95 * math.log(0.9) + 0.05 * math.log(0.1))  # a tenth goes to both classes alike
    assert CrossEntropy(0.1)(coin, pictures(1, [0])).item() == pytest.approx(expected)


def test_class_weights_give_a_weighted_mean() -> None:
    student, weights = logits(0, 4), torch.tensor([1.0, 5.0, 1.0, 1.0, 0.5])
    expected = torch.nn.functional.cross_entropy(student, torch.tensor([1, 1, 4, 0]), weights, label_smoothing=0.1)
    made = CrossEntropy(0.1, weights)(outputs(student), pictures(4, [1, 1, 4, 0]))
    assert made.item() == pytest.approx(expected.item())
    assert not CrossEntropy(0.1, weights).state_dict()  # so that a saved training stays readable


def test_a_mixed_picture_has_both_labels_and_both_answers_in_their_shares() -> None:
    mixture = Mixture(torch.tensor([0.3, 0.3]), torch.tensor([1, 0]))
    student, taught = logits(0, 2), [teacher(logits(1, 2)), teacher(logits(2, 2))]
    mixed = replace(pictures(2, [1, 4], taught), mixture=mixture)
    targets = torch.zeros(2, 5)
    targets[0, [1, 4]], targets[1, [4, 1]] = torch.tensor([0.3, 0.7]), torch.tensor([0.3, 0.7])
    expected = torch.nn.functional.cross_entropy(student, targets, label_smoothing=0.1)
    assert CrossEntropy(0.1)(outputs(student), mixed).item() == pytest.approx(expected.item(), rel=1e-5)
    answers = [teacher((0.3 * (p := t.log_probs.exp()) + 0.7 * p.flip(0)).log()) for t in taught]
    for loss in (HintonKd(2.0), Dist(1.0)):
        assert loss(outputs(student), mixed).item() == pytest.approx(
            loss(outputs(student), pictures(2, [1, 4], answers)).item(), rel=1e-5
        )


def test_kd_is_the_divergence_from_the_teacher() -> None:
    fair, loaded = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.9, 0.1]]).log()
    assert distance(HintonKd(1.0), fair, loaded) == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))
    assert distance(HintonKd(3.0), fair, fair) == pytest.approx(0, abs=1e-6)


def test_the_temperature_softens_but_keeps_the_size_of_gradients() -> None:
    sizes = []
    for temperature in (1.0, 4.0, 16.0):
        student = logits(0).requires_grad_()
        HintonKd(temperature)(outputs(student), pictures(1, teachers=[teacher(logits(1))])).backward()
        assert student.grad is not None
        sizes.append(student.grad.abs().sum().item())
    assert max(sizes) < 4 * min(sizes)


def test_teachers_count_the_same() -> None:
    both = distance(HintonKd(1.0), logits(0), logits(1), logits(2))
    assert both == pytest.approx(
        (distance(HintonKd(1.0), logits(0), logits(1)) + distance(HintonKd(1.0), logits(0), logits(2))) / 2
    )


def softmax(logits: Tensor, temperature: float) -> np.ndarray:
    exponentials = np.exp(logits.double().numpy() / temperature)
    return exponentials / exponentials.sum(1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize(("count", "classes"), [(6, 4), (3, 7), (5, 5)])
def test_dist_is_what_is_missing_to_full_correlation_of_rows_and_columns(
    temperature: float, count: int, classes: int
) -> None:
    # arXiv 2205.10536, eq. 8 to 10, and τ² as in the authors' code: the gradients keep their size.
    student, taught = logits(0, count, classes), logits(1, count, classes)
    p, q = softmax(student, temperature), softmax(taught, temperature)
    of_images = np.mean([np.corrcoef(p[i], q[i])[0, 1] for i in range(count)])
    of_classes = np.mean([np.corrcoef(p[:, k], q[:, k])[0, 1] for k in range(classes)])
    expected = temperature**2 * ((1 - of_images) + (1 - of_classes))
    assert distance(Dist(temperature), student, taught) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 1.0))
def test_dist_is_zero_for_probabilities_that_rise_and_fall_with_the_teachers(seed: int, slope: float) -> None:
    taught = logits(seed, count=6)
    mixed = slope * taught.softmax(-1) + (1 - slope) / 5  # still sums to 1
    assert distance(Dist(1.0), mixed.log(), taught) == pytest.approx(0, abs=1e-4)


def test_dist_sees_another_order() -> None:
    taught = logits(0, count=6)
    assert distance(Dist(1.0), taught.flip(-1), taught) > 0.5
    assert distance(Dist(1.0), taught.roll(1, 0), taught) > 0.5  # the answers of other images


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.sampled_from([1.0, 4.0]))
def test_dkd_takes_kd_apart(seed: int, label: int, temperature: float) -> None:
    # arXiv 2203.08679, eq. 7: KD = TCKD + (1 - p_target) NCKD, with the teacher's probability of the target.
    student, taught = logits(seed), logits(seed + 1)
    rest = 1 - (taught.log_softmax(-1) / temperature).softmax(-1)[0, label].item()
    apart = distance(Dkd(temperature, 1.0, rest), student, taught, classes=[label])
    assert apart == pytest.approx(distance(HintonKd(temperature), student, taught), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(("target_weight", "others_weight"), [(1.0, 0.0), (0.0, 1.0), (1.0, 2.0), (0.5, 8.0)])
def test_dkd_weighs_the_target_against_the_rest(target_weight: float, others_weight: float) -> None:
    # arXiv 2203.08679, eq. 4 to 7, with T² as in the authors' code.
    student, taught, classes, temperature = logits(0, 3, 5), logits(1, 3, 5), [0, 4, 2], 4.0
    p, q = softmax(student, temperature), softmax(taught.log_softmax(-1), temperature)
    of_target, among_others = [], []
    for row, k in enumerate(classes):
        b, t = np.array([p[row, k], 1 - p[row, k]]), np.array([q[row, k], 1 - q[row, k]])
        of_target.append((t * np.log(t / b)).sum())
        b, t = np.delete(p[row], k) / (1 - p[row, k]), np.delete(q[row], k) / (1 - q[row, k])
        among_others.append((t * np.log(t / b)).sum())
    expected = temperature**2 * (target_weight * np.mean(of_target) + others_weight * np.mean(among_others))
    loss = Dkd(temperature, target_weight, others_weight)
    assert distance(loss, student, taught, classes=classes) == pytest.approx(expected, rel=1e-4)


def test_without_labels_dkd_takes_the_teachers_best_class() -> None:
    student, taught = logits(0, count=3), logits(1, count=3)
    labelled = distance(Dkd(4.0, 1.0, 2.0), student, taught, classes=taught.argmax(-1).tolist())
    assert distance(Dkd(4.0, 1.0, 2.0), student, taught) == labelled
    other = distance(Dkd(4.0, 1.0, 2.0), student, taught, classes=taught.argmin(-1).tolist())
    assert labelled != pytest.approx(other)
