"""Logits of frames, from which losses take what they need without another tensor of that size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    for some frames at a time, with the gradients of all losses, and take the place of the logits of these frames. So a
    training step holds one tensor of that size, however many losses there are: the logits, and after `backward` their
    gradient. A second `backward` raises `RuntimeError`. Logits that are a leaf of the graph stay as they are.

    Gradients of gradients cannot be computed.
    """

    def __init__(self, logits: Tensor) -> None:
        self._gradient = _Gradient(logits.detach(), in_place=not logits.is_leaf)
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


_Add = Callable[[Tensor, slice], None]
"""Adds the gradient of some frames, `[N, part, K]`, to a tensor."""


class _Gradient:
    """The gradient with respect to `logits`, to which each reader of the logits adds its share."""

    def __init__(self, logits: Tensor, in_place: bool) -> None:
        self.logits = logits
        self._in_place = in_place
        self._taken = False
        self._shares: list[_Add] = []

    def add(self, share: _Add) -> None:
        """Let the gradient of a reader be added when that of all is computed."""
        if self._taken and self._in_place:
            raise RuntimeError("The gradient has taken the place of the logits: there can be one backward pass.")
        self._shares.append(share)

    def take(self) -> Tensor:
        """The sum of all shares; a new one begins."""
        taken = self.logits if self._in_place else torch.empty_like(self.logits)
        for part in self.parts():
            summed = torch.zeros_like(self.logits[:, part])
            for add in self._shares:
                add(summed, part)
            taken[:, part] = summed
        self._shares, self._taken = [], True
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

        def add(summed: Tensor, part: slice) -> None:
            summed.scatter_add_(-1, classes[:, part], above[:, part])

        ctx.gradient.add(add)
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
        logits, temperature = ctx.gradient.logits, ctx.temperature

        def add(summed: Tensor, part: slice) -> None:
            shares = _scaled(logits, part, temperature, without).sub_(total[:, part, None]).exp_()
            summed.addcmul_(shares, above[:, part, None], value=1 / temperature)

        ctx.gradient.add(add)
        return above.new_zeros(()), None, None, None


def _scaled(logits: Tensor, part: slice, temperature: float, without: Tensor | None) -> Tensor:
    """New logits of some frames at a temperature, -inf for the classes that are left out."""
    scaled = logits[:, part] / temperature
    return scaled if without is None else scaled.scatter_(-1, without[:, part], -torch.inf)
