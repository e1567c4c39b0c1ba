"""What losses take from logits has the values and gradients of the plain formulas, in their memory."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from crnn_deploy.training.losses import frame_logits
from crnn_deploy.training.losses.frame_logits import FrameLogits

SHAPE = (2, 5, 7)


def logits(dtype: torch.dtype = torch.double) -> Tensor:
    return (3 * torch.randn(SHAPE, generator=torch.Generator().manual_seed(0), dtype=dtype)).requires_grad_()


@pytest.fixture(params=[1, 30, 1 << 19])
def _parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_logits, "_PART", request.param)


@pytest.mark.usefixtures("_parts")
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_values_and_gradients_are_those_of_the_plain_formula(temperature: float) -> None:
    without = torch.tensor([0, 3, 3]).expand(2, 5, 3)

    def all_in_one(values: Tensor) -> Tensor:
        frames = FrameLogits(values)
        return frames.log_sum(temperature) * frames.log_sum(1.0, without) + frames.of(without).sum(-1).square()

    def plain(values: Tensor) -> Tensor:
        others = values[..., [1, 2, 4, 5, 6]].logsumexp(-1)
        return (values / temperature).logsumexp(-1) * others + values[..., [0, 3, 3]].sum(-1).square()

    values = logits()
    assert torch.allclose(all_in_one(values), plain(values))
    expected, found = (torch.autograd.grad(f(values).sum(), values)[0] for f in (plain, all_in_one))
    assert torch.allclose(found, expected)
    assert torch.autograd.gradcheck(all_in_one, values)


def test_frames_without_a_class_that_is_left_have_no_gradient() -> None:
    values = logits()
    summed = FrameLogits(values).log_sum(1.0, torch.arange(7).expand(SHAPE))
    assert summed.isinf().all()
    summed.backward(torch.zeros(2, 5))  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert torch.equal(values.grad, torch.zeros(SHAPE, dtype=torch.double))


def test_the_gradient_takes_the_place_of_what_a_network_computed() -> None:
    values = logits()
    computed = 2 * values
    frames = FrameLogits(computed)
    loss = frames.log_total.sum() + frames.of(torch.zeros(2, 5, 1, dtype=torch.long)).sum()
    expected = (2 * values).detach().softmax(-1)
    expected[..., 0] += 1
    loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]
    assert torch.allclose(computed.detach(), expected)
    assert values.grad is not None
    assert torch.allclose(values.grad, 2 * expected)
    with pytest.raises(RuntimeError, match="one backward pass"):
        loss.backward()  # type: ignore[no-untyped-call]


def test_each_backward_on_a_leaf_gives_its_own_gradient() -> None:
    values = logits()
    frames = FrameLogits(values)
    total = frames.log_total.sum()
    first, second = (torch.autograd.grad(total, values, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_logits_in_another_order_of_axes_are_taken_as_they_are() -> None:
    turned = logits().detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_()
    FrameLogits(turned).log_total.sum().backward()  # type: ignore[no-untyped-call]
    assert turned.grad is not None
    assert torch.allclose(turned.grad, turned.detach().softmax(-1))
