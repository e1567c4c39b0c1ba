"""CTC against paths counted by hand, and its self-distillation against all paths enumerated."""

from __future__ import annotations

import math
from itertools import groupby, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from crnn_deploy.training.losses.ctc import Ctc, Dctc
from crnn_deploy.training.losses.ctc import ctc as of_lines
from crnn_deploy.training.losses.frame_logits import FrameLogits

from .batches import lines, outputs, sure
from .live_bytes import LiveBytes

BLANK = 0


def ctc(logits: Tensor, frames: list[int], texts: list[list[int]], blank: int = BLANK) -> float:
    return float(Ctc(blank)(outputs(logits), lines(frames, texts)))


def dctc(logits: Tensor, frames: list[int], texts: list[list[int]]) -> Tensor:
    loss: Tensor = Dctc(BLANK)(outputs(logits), lines(frames, texts))
    return loss


def collapsed(path: tuple[int, ...]) -> list[int]:
    return [c for c, _ in groupby(path) if c != BLANK]


def posterior(log_probs: Tensor, text: list[int]) -> Tensor:
    """`[T, K]`: how probable each class is at each frame, of all paths that spell `text`."""
    length, classes = log_probs.shape
    shares = torch.zeros(length, classes, dtype=torch.double)
    for path in product(range(classes), repeat=length):
        if collapsed(path) == text:
            probability = math.exp(sum(float(log_probs[t, c]) for t, c in enumerate(path)))
            shares[torch.arange(length), list(path)] += probability
    return shares / shares[0].sum()


def test_of_equal_probabilities_it_counts_the_paths() -> None:
    undecided = torch.zeros(2, 3, 2)
    # Of 8 paths through 3 frames 6 spell "a" (aaa aa- -aa a-- -a- --a) and 1 spells "aa" (a-a): mean per character.
    expected = (math.log(8 / 6) / 1 + math.log(8 / 1) / 2) / 2
    assert ctc(undecided, [3, 3], [[1], [1, 1]]) == pytest.approx(expected)


def test_frames_behind_the_line_do_not_count() -> None:
    undecided = torch.zeros(1, 3, 2)
    undecided[0, 2] = torch.tensor([-50.0, 50.0])
    assert ctc(undecided, [2], [[1]]) == pytest.approx(math.log(4 / 3))  # aa a- -a of 4


def test_it_is_near_zero_for_the_right_text_and_large_for_a_wrong_one() -> None:
    assert ctc(sure([[1, 0, 2, 0]]), [4], [[1, 2]]) < 0.01
    assert ctc(sure([[1, 0, 2, 0]]), [4], [[3, 4]]) > 5


def test_lines_that_cannot_fit_are_left_out() -> None:
    assert ctc(sure([[1]]), [1], [[1, 1, 1]]) == 0


def test_it_knows_a_blank_that_is_not_first() -> None:
    assert ctc(sure([[0, 4, 1]]), [3], [[0, 1]], blank=4) < 0.01


def test_self_distillation_is_near_zero_where_the_student_spells_the_label() -> None:
    assert dctc(sure([[1, 0, 2, 0]]), [4], [[1, 2]]).item() < 0.01


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 2), min_size=1, max_size=2))
def test_self_distillation_follows_the_likeliest_class_of_each_frame_given_the_label(
    seed: int, text: list[int]
) -> None:
    logits = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    log_probs = logits.detach().log_softmax(-1)
    shares = posterior(log_probs[0], text)
    assert shares.sum(-1).numpy() == pytest.approx(1)
    expected = -log_probs[0].gather(1, shares.argmax(-1, keepdim=True)).mean()
    loss = dctc(logits, [4], [text])
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
    # A step along its gradient moves towards that alignment, which is a constant: softmax - one-hot.
    loss.backward()  # type: ignore[no-untyped-call]
    aim = torch.nn.functional.one_hot(shares.argmax(-1), 3)
    assert torch.allclose(logits.grad[0], (log_probs[0].exp() - aim) / 4, atol=1e-6)  # type: ignore[index]


def test_the_followed_alignment_spells_the_label_on_an_easy_line() -> None:
    hesitating = 0.25 * sure([[0, 1, 0, 0, 2, 2, 0, 2]])  # the right path, 70 % sure
    student = hesitating.clone().requires_grad_()
    dctc(student, [8], [[1, 2, 2]]).backward()  # type: ignore[no-untyped-call]
    followed = (hesitating.softmax(-1) - 8 * student.grad).argmax(-1)  # type: ignore[operator]
    assert collapsed(tuple(followed[0].tolist())) == [1, 2, 2]


def test_self_distillation_ignores_padding() -> None:
    logits = sure([[1, 0, 2, 0]])
    padded = torch.cat([logits, torch.randn(1, 3, 5)], 1)
    assert dctc(padded, [4], [[1, 2]]).item() == pytest.approx(dctc(logits, [4], [[1, 2]]).item(), abs=1e-6)


def plain_ctc(logits: Tensor, frames: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    log_probs = logits.log_softmax(-1).transpose(0, 1)
    return torch.nn.functional.ctc_loss(log_probs, targets, frames, lengths, 2, "none", zero_infinity=True)


TEXTS = [[0, 0, 5, 0], [], [1], [3, 3, 3, 3, 3]]  # the last one does not fit: it needs blanks between


def test_losses_and_gradients_are_those_of_ctc_on_the_whole_alphabet() -> None:
    logits = 2 * torch.randn(4, 9, 6, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    logits.requires_grad_()
    batch = lines([9, 7, 9, 6], TEXTS)
    assert batch.targets is not None
    assert batch.lengths is not None
    losses = of_lines(FrameLogits(logits), batch.frames, batch.targets, batch.lengths, blank=2)
    plain = plain_ctc(logits, batch.frames, batch.targets, batch.lengths)
    assert torch.allclose(losses, plain)
    assert losses[-1] == 0
    weights = torch.tensor([1.0, 0.5, 3.0, 1.0]).double()
    found, expected = (torch.autograd.grad((x * weights).sum(), logits)[0] for x in (losses, plain))
    assert torch.allclose(found, expected)


def test_its_gradient_is_the_derivative() -> None:
    logits = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(2), dtype=torch.double).requires_grad_()
    batch = lines([5, 4], [[1, 1], [3, 2]])
    assert torch.autograd.gradcheck(lambda values: Ctc(BLANK)(outputs(values), batch), logits)
    assert torch.autograd.gradcheck(lambda values: Dctc(BLANK)(outputs(values), batch), logits)


def test_self_distillation_leaves_out_labels_that_do_not_fit() -> None:
    logits = sure([[1, 0, 2, 0], [1, 2, 3, 4]])
    assert dctc(logits, [4, 4], [[1, 2], [1, 1, 1]]).item() == pytest.approx(dctc(logits[:1], [4], [[1, 2]]).item())
    assert dctc(logits[:1], [4], [[1, 1, 1]]) == 0


def test_a_step_holds_the_logits_or_their_gradient_however_large_the_alphabet() -> None:
    count, length, classes = 8, 24, 18_710
    head, features = torch.nn.Linear(16, classes), torch.randn(count, length, 16)
    batch = lines([length] * count, [[1, 2, 7] for _ in range(count)])
    with LiveBytes() as live:
        seen = outputs(head(features))
        (Ctc(BLANK)(seen, batch) + Dctc(BLANK)(seen, batch)).backward()
    whole = count * length * classes * 4
    assert whole < live.highest < 1.5 * whole
