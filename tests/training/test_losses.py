"""Losses are small where the student is right and pull it there where it is not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from crnn_deploy.training.losses import (
    class_distillation,
    class_loss,
    ctc_loss,
    frame_agreement,
    frame_distillation,
)

BLANK = 0


def sure(paths: list[list[int]], classes: int = 5) -> Tensor:
    """Logits `[N, T, K]` that are sure of the given paths."""
    return 12.0 * torch.nn.functional.one_hot(torch.tensor(paths), classes).float()


def test_ctc_is_near_zero_for_the_right_text_and_large_for_a_wrong_one() -> None:
    frames, lengths = torch.tensor([4]), torch.tensor([2])
    logits = sure([[1, 0, 2, 0]])
    assert ctc_loss(logits, frames, torch.tensor([1, 2]), lengths, BLANK).item() < 0.01
    assert ctc_loss(logits, frames, torch.tensor([3, 4]), lengths, BLANK).item() > 5


def test_ctc_ignores_lines_that_cannot_fit() -> None:
    loss = ctc_loss(sure([[1]]), torch.tensor([1]), torch.tensor([1, 1, 1]), torch.tensor([3]), BLANK)
    assert loss.item() == 0


def test_ctc_knows_a_blank_that_is_not_first() -> None:
    logits = sure([[0, 4, 1]])
    assert ctc_loss(logits, torch.tensor([3]), torch.tensor([0, 1]), torch.tensor([2]), blank=4).item() < 0.01


def test_distillation_is_zero_for_an_equal_student() -> None:
    logits = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
    loss = frame_distillation(logits, logits.log_softmax(-1), torch.tensor([7, 5]), BLANK, temperature=2.0)
    assert loss.item() == pytest.approx(0, abs=1e-6)


def test_distillation_looks_at_characters_more_than_at_far_blanks() -> None:
    teacher = sure([[0, 0, 0, 0, 1, 0, 0, 0, 0]]).log_softmax(-1)
    frames = torch.tensor([9])
    wrong_character, wrong_blank = teacher.clone(), teacher.clone()
    wrong_character[0, 4] = teacher[0, 4].roll(1)
    wrong_blank[0, 0] = teacher[0, 0].roll(1)
    losses = [frame_distillation(x, teacher, frames, BLANK, 1.0).item() for x in (wrong_character, wrong_blank)]
    assert losses[0] > 5 * losses[1] > 0


def test_distillation_ignores_padding() -> None:
    teacher = sure([[0, 1, 0, 0]]).log_softmax(-1)
    student = teacher.clone()
    student[0, 3] = 0
    assert frame_distillation(student, teacher, torch.tensor([3]), BLANK, 1.0).item() == pytest.approx(0, abs=1e-6)
    assert frame_distillation(student, teacher, torch.tensor([4]), BLANK, 1.0).item() > 0


def test_agreement_allows_one_frame_of_shift() -> None:
    teacher = sure([[0, 1, 0, 0, 2, 0]])
    frames = torch.tensor([6])
    assert frame_agreement(sure([[0, 0, 1, 0, 2, 0]]), teacher, frames, BLANK).item() == 1
    assert frame_agreement(sure([[0, 0, 0, 1, 2, 0]]), teacher, frames, BLANK).item() == 0.5


def test_gradient_descent_on_distillation_copies_the_teacher() -> None:
    teacher = sure([[0, 1, 0, 2, 2, 0]]).log_softmax(-1)
    student = torch.zeros_like(teacher, requires_grad=True)
    optimizer = torch.optim.Adam([student], 0.3)
    for _ in range(100):
        optimizer.zero_grad()
        frame_distillation(student, teacher, torch.tensor([6]), BLANK, 1.0).backward()
        optimizer.step()
    assert student.argmax(-1).tolist() == teacher.argmax(-1).tolist()


def test_class_losses() -> None:
    logits = torch.tensor([[9.0, 0.0, 0.0]])
    assert class_loss(logits, torch.tensor([0])) < class_loss(logits, torch.tensor([1]))
    assert class_distillation(logits, logits.log_softmax(-1), 3.0).item() == pytest.approx(0, abs=1e-6)
    assert class_distillation(logits.flip(-1), logits.log_softmax(-1), 3.0).item() > 1
