"""INT8 in floating point: values as the quantized model will see them, gradients as if nothing was rounded.

The straight-through estimator (Bengio et al., arXiv 1308.3432) as in Jacob et al., arXiv 1712.05877: the gradient
passes where a value lies within the range, and stops where it saturates.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_LEVELS = 255  # steps of UINT8, from the lowest value to the highest
_LARGEST = 127  # of symmetric INT8
_NOTHING = 1e-30  # a smaller scale has no reciprocal in float32
_REMEMBERED = 0.99  # of a range, when narrower ones are observed


def round_rows(x: Tensor) -> Tensor:
    """x `[rows, ...]` in symmetric INT8, each row with the scale of its largest magnitude.

    So weights are stored, one scale for each output channel, and so the kernels round the states of recurrent layers,
    one scale for each sample.
    """
    magnitude = torch.linalg.vector_norm(x.detach().flatten(1), math.inf, dim=1)
    scale = (magnitude / _LARGEST).clamp_min_(_NOTHING)
    zeros = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(x, scale, zeros, 0, -_LARGEST, _LARGEST)


class ActivationRounding:
    """Rounds a tensor to UINT8 over the range that it was observed in, which always holds zero.

    Its two methods are hooks of the module that takes the tensor or gives it.

    Args:
        rectified: whether a ReLU follows; the range starts at zero then, which does the ReLU's work too.
    """

    def __init__(self, rectified: bool = False) -> None:
        self.rectified = rectified
        self.observing = False
        self.range: tuple[float, float] | None = None

    def entering(self, module: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Replace what a module takes."""
        return self._pass(args[0]), *args[1:]

    def leaving(self, module: nn.Module, args: tuple[Tensor, ...], result: Tensor) -> Tensor:
        """Replace what a module gives."""
        return self._pass(result)

    def _pass(self, x: Tensor) -> Tensor:
        """x rounded; while observing, x itself."""
        if self.observing:
            self._observe(x)
            return x
        assert self.range is not None
        low, high = self.range
        scale = (high - low) / _LEVELS
        # Under autocast x may be BF16, which would round it to 256 levels once more, and not to these.
        return torch.fake_quantize_per_tensor_affine(x.float(), scale, round(-low / scale), 0, _LEVELS)

    def _observe(self, x: Tensor) -> None:
        """Widen the range to what x needs at once, or narrow it slowly: the export will see more images than this."""
        lowest, highest = (float(value) for value in x.detach().aminmax())
        low, high = self.range or (0.0, 0.0)
        low = 0.0 if self.rectified else min(lowest, 0.0, _share(low, lowest))
        high = max(highest, 0.0, _share(high, highest))
        # Of nothing but zeros, which any range represents, there is none to take.
        self.range = (low, high) if high - low > _NOTHING else (0.0, 1.0)


def _share(before: float, now: float) -> float:
    return _REMEMBERED * before + (1 - _REMEMBERED) * now
