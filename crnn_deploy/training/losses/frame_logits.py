"""Logits of frames, from which losses take what they need without another tensor of that size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_PART = 1 << 19  # elements that are computed with at a time, or one frame of each line where that is more


class FrameLogits:
    """Logits `[N, T, K]` of lines.

    With a large alphabet, a softmax and its gradient need many times the memory of the network. Here, they are computed
    for some frames at a time, and all losses add their gradients to one tensor. So a training step holds two tensors of
    that size, however many losses there are: the logits and their gradient.

    Gradients of gradients cannot be computed.
    """

    def __init__(self, logits: Tensor) -> None:
        self._gradient = _Gradient(logits.detach())
        self._link: Tensor = _Link.apply(logits, self._gradient)  # type: ignore[no-untyped-call]

    @property
    def values(self) -> Tensor:
        """`[N, T, K]`, without a gradient."""
        return self._gradient.logits

    def of(self, classes: Tensor) -> Tensor:
        """Logits `[N, T, C]` of `classes` `[N, T, C]`."""
        chosen: Tensor = _Chosen.apply(self._link, self._gradient, classes)  # type: ignore[no-untyped-call]
        return chosen

    @cached_property
    def log_total(self) -> Tensor:
        """`[N, T]`: `log_sum` of all K logits; logits minus it are log-probabilities."""
        return self.log_sum()

    def log_sum(self, temperature: float = 1.0, without: Tensor | None = None) -> Tensor:
        """`[N, T]`: the logarithm of the sum of the exponentials of logits at a temperature.

        Args:
            without: classes `[N, T, C]` of each frame that are left out. -inf if none is left.
        """
        summed: Tensor = _LogSum.apply(self._link, self._gradient, temperature, without)  # type: ignore[no-untyped-call]
        return summed


class _Gradient:
    """The gradient with respect to `logits`, to which each reader of the logits adds its part."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        self._sum: Tensor | None = None

    @property
    def sum(self) -> Tensor:
        if self._sum is None:
            self._sum = torch.zeros_like(self.logits)
        return self._sum

    def take(self) -> Tensor:
        """The sum so far; a new one begins."""
        taken, self._sum = self.sum, None
        return taken

    def parts(self) -> Iterator[slice]:
        """Frames that are computed with at a time."""
        lines, frames, classes = self.logits.shape
        size = max(1, _PART // max(1, lines * classes))
        yield from (slice(start, start + size) for start in range(0, frames, size))


class _Link(Function):
    """Leads from the logits to all that read them: PyTorch calls its `backward` when all of these have added theirs."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, gradient: _Gradient) -> Tensor:
        ctx.gradient = gradient
        return logits.new_zeros(())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor, None]:
        return ctx.gradient.take(), None


class _Chosen(Function):
    @staticmethod
    def forward(ctx: Any, _link: Tensor, gradient: _Gradient, classes: Tensor) -> Tensor:
        ctx.gradient = gradient
        ctx.save_for_backward(classes)
        return gradient.logits.gather(-1, classes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None]:
        (classes,) = ctx.saved_tensors
        ctx.gradient.sum.scatter_add_(-1, classes, above)
        return above.new_zeros(()), None, None


class _LogSum(Function):
    @staticmethod
    def forward(ctx: Any, _link: Tensor, gradient: _Gradient, temperature: float, without: Tensor | None) -> Tensor:
        summed = gradient.logits.new_empty(gradient.logits.shape[:2])
        for part in gradient.parts():
            plain = temperature == 1 and without is None
            values = gradient.logits[:, part] if plain else _scaled(gradient.logits, part, temperature, without)
            summed[:, part] = values.logsumexp(-1)
        ctx.gradient, ctx.temperature = gradient, temperature
        ctx.save_for_backward(summed, without)
        return summed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None, None]:
        summed, without = ctx.saved_tensors
        total = summed.clamp(min=torch.finfo(summed.dtype).min)  # the difference of two -inf would be no number
        for part in ctx.gradient.parts():
            shares = _scaled(ctx.gradient.logits, part, ctx.temperature, without).sub_(total[:, part, None]).exp_()
            ctx.gradient.sum[:, part].addcmul_(shares, above[:, part, None], value=1 / ctx.temperature)
        return above.new_zeros(()), None, None, None


def _scaled(logits: Tensor, part: slice, temperature: float, without: Tensor | None) -> Tensor:
    """New logits of some frames at a temperature, -inf for the classes that are left out."""
    scaled = logits[:, part] / temperature
    return scaled if without is None else scaled.scatter_(-1, without[:, part], -torch.inf)
