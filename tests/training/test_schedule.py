"""Schedules and the moving average."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crnn_deploy.training.schedule import MovingAverage, fading, learning_rate


def test_the_rate_rises_to_its_peak_and_falls_to_a_hundredth() -> None:
    rates = [learning_rate(step, 100, 1.0, 0.1) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * i for i in range(1, 11)])
    assert max(rates) == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01, abs=2e-3)


def test_without_warmup_the_first_step_has_the_peak() -> None:
    assert learning_rate(0, 10, 0.5, 0.0) == 0.5


def test_the_teacher_fades_to_nothing_when_it_should() -> None:
    assert [fading(progress, 0.5) for progress in (0.0, 0.25, 0.5, 0.9)] == [1.0, 0.5, 0.0, 0.0]


def test_the_average_follows_the_weights() -> None:
    model = nn.BatchNorm1d(3)
    average = MovingAverage(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(5.0)
        model.num_batches_tracked.fill_(7)
    average.update(model)
    assert torch.all(average.values["weight"] > 1)
    assert torch.all(average.values["weight"] < 5)
    for _ in range(300):
        average.update(model)
    assert torch.allclose(average.values["weight"], model.weight)
    assert average.values["num_batches_tracked"] == 7


def test_the_average_goes_on_from_its_state() -> None:
    model = nn.Linear(2, 2)
    first = MovingAverage(model, 0.5)
    first.update(model)
    second = MovingAverage(nn.Linear(2, 2), 0.5)
    second.load_state_dict(first.state_dict())
    assert second.updates == 1
    assert torch.equal(second.values["weight"], first.values["weight"])
