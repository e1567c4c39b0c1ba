"""What counts of the teacher's frames, and how much."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from crnn_deploy.training.losses.classes import divergence
from crnn_deploy.training.losses.ctc import Ctc
from crnn_deploy.training.losses.frame_logits import FrameLogits
from crnn_deploy.training.losses.frames import FrameKl, spike_agreement
from crnn_deploy.training.losses.frames import divergence as of_frames
from crnn_deploy.training.losses.pseudo_labels import PseudoLabels
from crnn_deploy.training.teachers.batching import TeacherBatch

from .batches import lines, outputs, sure, teacher
from .live_bytes import LiveBytes

BLANK = 0
PATH = [0, 0, 0, 0, 1, 0, 0, 0, 0]


def frame_kl(
    student: Tensor, taught: Tensor, frames: list[int], trusted: Tensor | None = None, loss: FrameKl | None = None
) -> float:
    loss = loss or FrameKl(BLANK, 1.0, "symmetric", 0.1)
    return float(loss(outputs(student), lines(frames, teachers=[teacher(taught, trusted)])))


def off_at(logits: Tensor, frame: int) -> Tensor:
    """The same student, undecided at one frame."""
    changed = logits.clone()
    changed[:, frame] = 0
    return changed


def likeliest_of(taught: Tensor, count: int) -> TeacherBatch:
    """The teacher with the `count` likeliest classes of each frame, and the rest as one."""
    whole = teacher(taught)
    rest = whole.log_probs[..., count:].logsumexp(-1)
    return replace(whole, classes=whole.classes[..., :count], log_probs=whole.log_probs[..., :count], rest=rest)


def test_of_all_classes_it_is_the_plain_divergence() -> None:
    student, taught = (3 * torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    for temperature in (1.0, 3.0):
        found = of_frames(FrameLogits(student), teacher(taught), temperature)
        assert torch.allclose(found, divergence(student, taught, temperature), atol=1e-5)


def test_of_the_likeliest_classes_it_is_the_divergence_with_the_others_as_one() -> None:
    student, taught = (3 * torch.randn(2, 7, 9, generator=torch.Generator().manual_seed(s)).double() for s in (0, 1))
    told = likeliest_of(taught, 3)
    told.log_probs[0, 0, 1:] = -torch.inf  # a frame with fewer
    told.classes[0, 0, 1:] = told.classes[0, 0, 0]
    told.rest[0, 0] = (1 - told.log_probs[0, 0, 0].exp()).log()
    student.requires_grad_()

    def merged(log_probs: Tensor, kept: Tensor) -> Tensor:
        others = torch.ones(9, dtype=torch.bool).index_fill(0, kept, False)
        return torch.cat([log_probs[kept], log_probs[others].logsumexp(0, keepdim=True)])

    rows = [(n, t, told.classes[n, t, : 1 if n == t == 0 else 3]) for n in range(2) for t in range(7)]
    logs = student.log_softmax(-1), taught.log_softmax(-1)
    plain = torch.stack([divergence(*(merged(log[n, t], kept) for log in logs), 1.0) for n, t, kept in rows])
    found = of_frames(FrameLogits(student), told, 1.0)
    assert torch.allclose(found.flatten(), plain)
    expected, gradient = (torch.autograd.grad(x.square().sum(), student)[0] for x in (plain, found))
    assert torch.allclose(gradient, expected)
    assert torch.autograd.gradcheck(lambda x: of_frames(FrameLogits(x), told, 2.0), student)


def test_equal_students_have_no_divergence_at_any_temperature_if_the_other_classes_are_alike() -> None:
    logits = torch.tensor([[[4.0, 2.0, -1.0, -1.0, -1.0]]])
    assert of_frames(FrameLogits(logits), likeliest_of(logits, 2), 2.5).item() == pytest.approx(0, abs=1e-6)


def test_a_step_holds_the_logits_or_their_gradient_however_many_teachers_there_are() -> None:
    count, length, classes = 8, 24, 18_710
    head, features = torch.nn.Linear(16, classes), torch.randn(count, length, 16)
    generator = torch.Generator().manual_seed(0)
    told = [likeliest_of(torch.randn(count, length, 64, generator=generator), 32) for _ in range(2)]
    batch = lines([length] * count, [[1, 2, 7] for _ in range(count)], told)
    losses = (Ctc(BLANK), FrameKl(BLANK, 2.0, "symmetric", 0.1), PseudoLabels(BLANK, 0.5))
    with LiveBytes() as live:
        seen = outputs(head(features))
        sum(loss(seen, batch) for loss in losses).backward()
        spike_agreement(seen.logits, told[0].classes[..., 0], batch.frames, BLANK)
    whole = count * length * classes * 4
    assert whole < live.highest < 1.5 * whole


def test_the_divergence_of_two_coins() -> None:
    fair, loaded = torch.tensor([0.5, 0.5]).log(), torch.tensor([0.9, 0.1]).log()
    assert divergence(fair, loaded, 1.0).item() == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))


def test_at_a_high_temperature_it_is_the_square_of_the_logits_difference() -> None:
    # arXiv 1503.02531, section 2.1: T² KL → Σ (v - z)² / 2K for centred logits.
    student, taught = (torch.randn(6, generator=torch.Generator().manual_seed(s)).double() for s in (0, 1))
    difference = (taught - taught.mean()) - (student - student.mean())
    assert divergence(student, taught, 1e3).item() == pytest.approx((difference**2).sum().item() / 12, rel=1e-2)


def test_it_is_zero_for_an_equal_student() -> None:
    logits = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
    assert frame_kl(logits, logits, [7, 5], loss=FrameKl(BLANK, 2.0, "symmetric", 0.1)) == pytest.approx(0, abs=1e-6)


def test_characters_and_the_blank_beside_them_count_fully_and_far_blanks_a_tenth() -> None:
    taught = sure([PATH])
    alone = [divergence(torch.zeros(5), taught[0, t], 1.0).item() for t in range(9)]
    counted = [frame_kl(off_at(taught, t), taught, [9]) / alone[t] * 3.6 for t in range(9)]
    assert counted == pytest.approx([0.1, 0.1, 0.1, 1, 1, 1, 0.1, 0.1, 0.1], rel=1e-4)


def test_all_frames_count_the_same_if_asked_for() -> None:
    taught = sure([PATH])
    losses = [frame_kl(off_at(taught, t), taught, [9], loss=FrameKl(BLANK, 1.0, "all", 0.1)) for t in range(9)]
    assert losses == pytest.approx([losses[0]] * 9)


def test_a_line_of_one_frame_counts_as_that_frame() -> None:
    taught, student = sure([[1]]), torch.zeros(1, 1, 5)
    expected = divergence(student[0, 0], taught[0, 0], 1.0).item()
    assert frame_kl(student, taught, [1]) == pytest.approx(expected)
    assert frame_kl(student, sure([[0]]), [1]) == pytest.approx(0.1 * expected, rel=1e-3)  # a blank frame, far away


def test_padding_does_not_count() -> None:
    taught = sure([[0, 1, 0, 0]])
    assert frame_kl(off_at(taught, 3), taught, [3]) == pytest.approx(0, abs=1e-6)
    assert frame_kl(off_at(taught, 3), taught, [4]) > 0


@pytest.mark.parametrize("selection", ["symmetric", "all"])
def test_frames_that_the_student_cannot_write_do_not_count(selection: str) -> None:
    taught = sure([[0, 1, 0, 2]])
    trusted = torch.tensor([[1.0, 0.0, 1.0, 1.0]])
    loss = FrameKl(BLANK, 1.0, selection, 0.1)  # type: ignore[arg-type]
    assert frame_kl(off_at(taught, 1), taught, [4], trusted, loss) == pytest.approx(0, abs=1e-6)
    assert frame_kl(off_at(taught, 0), taught, [4], trusted, loss) > 0
    assert frame_kl(off_at(taught, 1), taught, [4], torch.zeros(1, 4), loss) == 0


def test_teachers_count_the_same() -> None:
    student, first, second = sure([[0, 1]]), sure([[0, 2]]), sure([[3, 0]])
    both = FrameKl(BLANK, 1.0, "symmetric", 0.1)(
        outputs(student), lines([2], teachers=[teacher(first), teacher(second)])
    )
    assert both.item() == pytest.approx((frame_kl(student, first, [2]) + frame_kl(student, second, [2])) / 2)


def test_gradient_descent_copies_the_teacher() -> None:
    taught = teacher(sure([[0, 1, 0, 2, 2, 0]]))
    student = torch.zeros(1, 6, 5, requires_grad=True)
    optimizer = torch.optim.Adam([student], 0.3)
    for _ in range(100):
        optimizer.zero_grad()
        FrameKl(BLANK, 1.0, "symmetric", 0.1)(outputs(student), lines([6], teachers=[taught])).backward()
        optimizer.step()
    assert student.argmax(-1).tolist() == [[0, 1, 0, 2, 2, 0]]


def test_spikes_may_shift_by_a_frame() -> None:
    taught = torch.tensor([[0, 1, 0, 0, 2, 0]])
    frames = torch.tensor([6])
    assert spike_agreement(sure([[0, 0, 1, 0, 2, 0]]), taught, frames, BLANK).item() == 1
    assert spike_agreement(sure([[0, 0, 0, 1, 2, 0]]), taught, frames, BLANK).item() == 0.5
    assert spike_agreement(sure([[0, 1, 0, 0, 0, 0]]), taught, torch.tensor([3]), BLANK).item() == 1  # 2 is padding


def test_one_spike_is_all_or_nothing_and_needs_a_frame_of_the_line() -> None:
    one = torch.tensor([3])
    assert spike_agreement(sure([[0, 1, 0]]), torch.tensor([[0, 1, 0]]), one, BLANK).item() == 1
    silent = sure([[4, 4, 4]])  # the blank may be any class
    for taught in (torch.tensor([[0, 4, 4]]), torch.tensor([[4, 4, 0]])):
        assert spike_agreement(silent, taught, one, 4).item() == 0


def test_a_silent_teacher_agrees_with_nobody() -> None:
    assert spike_agreement(sure([[1, 1]]), torch.tensor([[0, 0]]), torch.tensor([2]), BLANK).item() == 0
