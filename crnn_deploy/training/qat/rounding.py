"""INT8 in floating point: values are rounded as in the quantized model, and gradients ignore the rounding.

The straight-through estimator (Bengio et al., arXiv 1308.3432) as in Jacob et al., arXiv 1712.05877: the gradient
passes if a value is within the range, and is zero if it saturates.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_LEVELS = 255  # steps from the lowest value of UINT8 to the highest
_LARGEST = 127  # largest value of symmetric INT8
_NOTHING = 1e-30  # the reciprocal of a smaller scale overflows float32
_REMEMBERED = 0.99  # share of the earlier range that stays when a narrower one is observed


def round_rows(x: Tensor) -> Tensor:
    """x `[rows, ...]` in symmetric INT8, each row with the scale of its largest magnitude.

    Weights are stored in this way, with one scale for each output channel. The kernels round the states of recurrent
    layers in the same way, with one scale for each sample.
    """
    magnitude = torch.linalg.vector_norm(x.detach().flatten(1), math.inf, dim=1)
    scale = (magnitude / _LARGEST).clamp_min_(_NOTHING)
    zeros = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(x, scale, zeros, 0, -_LARGEST, _LARGEST)


class ActivationRounding:
    """Rounds a tensor to UINT8 over its observed range, which always contains zero.

    Its methods `entering` and `leaving` are hooks of the module whose input or output the tensor is.

    Args:
        rectified: whether a ReLU follows; then the range starts at zero, which has the same effect as the ReLU.
    """

    def __init__(self, rectified: bool = False) -> None:
        self.rectified = rectified
        self.observing = False
        self.range: tuple[float, float] | None = None

    def entering(self, module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Round the input of a module."""
        return self._pass(args[0]), *args[1:]

    def leaving(self, module: nn.Module, args: tuple[Tensor, ...], result: Tensor) -> Tensor:
        """Round the output of a module."""
        return self._pass(result)

    def _pass(self, x: Tensor) -> Tensor:
        """x rounded; x itself while ranges are observed."""
        if self.observing:
            self._observe(x)
            return x
        assert self.range is not None
        low, high = self.range
        scale = (high - low) / _LEVELS
        # Under autocast x may be BF16, which has other levels than these.
        return torch.fake_quantize_per_tensor_affine(x.float(), scale, round(-low / scale), 0, _LEVELS)

    def _observe(self, x: Tensor) -> None:
        """Widen the range at once if x needs it, or narrow it slowly, because other images may need more than these."""
        lowest, highest = (float(value) for value in x.detach().aminmax())
        low, high = self.range or (0.0, 0.0)
        low = 0.0 if self.rectified else min(lowest, 0.0, _share(low, lowest))
        high = max(highest, 0.0, _share(high, highest))
        # A tensor of zeros has no range; any range represents it.
        self.range = (low, high) if high - low > _NOTHING else (0.0, 1.0)


def _share(before: float, now: float) -> float:
    return _REMEMBERED * before + (1 - _REMEMBERED) * now
