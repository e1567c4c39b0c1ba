"""Losses are weighed, fade, and tell what they were."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs
from crnn_deploy.training.losses.options import CtcOptions, FrameKlOptions, LossOptions
from crnn_deploy.training.objective import Objective
from crnn_deploy.training.teachers.batching import TeacherBatch

from .losses.batches import blank

LOGITS = torch.zeros(1, 3, 5, requires_grad=True)
BATCH = TrainingBatch(blank(1), torch.tensor([3]), None, None)


class Constant(Loss):
    """A loss of known size that counts how often it is asked."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))
        self.asked = 0

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        self.asked += 1
        return self.value * 1


def evaluate(
    losses: list[tuple[LossOptions, Loss]], spec: ModelSpec, progress: float, batch: TrainingBatch = BATCH
) -> tuple[float, dict[str, float]]:
    total, parts = Objective(losses, spec)(Outputs(LOGITS, LOGITS), batch, progress)
    return total.item(), parts


def test_the_sum_is_weighted_and_so_are_its_parts(spec: ModelSpec) -> None:
    losses = [(CtcOptions(weight=2.0), Constant(3.0)), (FrameKlOptions(weight=0.5), Constant(4.0))]
    assert evaluate(losses, spec, 0.3) == (8.0, {"ctc": 6.0, "frame-kl": 2.0})


def test_two_losses_of_a_kind_are_told_as_one(spec: ModelSpec) -> None:
    losses = [(FrameKlOptions(), Constant(3.0)), (FrameKlOptions(until=0.5), Constant(4.0))]
    assert evaluate(losses, spec, 0.25) == (5.0, {"frame-kl": 5.0})


@pytest.mark.parametrize(("progress", "part"), [(0.0, 4.0), (0.25, 2.0), (0.375, 1.0)])
def test_a_loss_fades_to_zero(spec: ModelSpec, progress: float, part: float) -> None:
    losses = [(CtcOptions(), Constant(1.0)), (FrameKlOptions(until=0.5), Constant(4.0))]
    assert evaluate(losses, spec, progress) == (1.0 + part, {"ctc": 1.0, "frame-kl": part})


def test_a_faded_loss_is_not_asked_any_more(spec: ModelSpec) -> None:
    faded = Constant(float("nan"))
    losses = [(CtcOptions(), Constant(1.0)), (FrameKlOptions(until=0.5), faded)]
    assert evaluate(losses, spec, 0.5) == (1.0, {"ctc": 1.0})
    assert evaluate(losses, spec, 0.9) == (1.0, {"ctc": 1.0})
    assert faded.asked == 0


def test_gradients_reach_what_losses_learn(spec: ModelSpec) -> None:
    constant = Constant(1.0)
    total, _ = Objective([(CtcOptions(weight=3.0), constant)], spec)(Outputs(LOGITS, LOGITS), BATCH, 0.0)
    total.backward()
    assert constant.value.grad == 3.0


def test_with_a_teacher_the_agreement_of_spikes_is_told(spec: ModelSpec) -> None:
    log_probs = torch.nn.functional.one_hot(torch.tensor([[0, 1, 0]]), 5).float()
    nothing = torch.tensor([], dtype=torch.long)
    classes, rest = log_probs.argmax(-1, keepdim=True), torch.full((1, 3), -torch.inf)
    taught = TeacherBatch(
        classes, torch.zeros(1, 3, 1), rest, torch.ones(1, 3), nothing, torch.tensor([0]), torch.ones(1), None
    )
    batch = TrainingBatch(BATCH.images, BATCH.frames, None, None, (taught, taught))
    losses: list[tuple[LossOptions, Loss]] = [(CtcOptions(), Constant(1.0))]
    assert evaluate(losses, spec, 0.0, batch)[1]["spike_agreement"] == 0
    total, parts = Objective(losses, spec)(Outputs(log_probs, log_probs), batch, 0.0)
    assert parts["spike_agreement"] == 1
    assert total.item() == 1.0
