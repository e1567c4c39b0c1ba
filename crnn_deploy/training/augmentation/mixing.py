"""Mixes the pictures of a batch in pairs, and their labels in the same shares.

Mixup (Zhang et al., arXiv 1710.09412) blends them, and CutMix (Yun et al., arXiv 1905.04899) pastes a rectangle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Rectangle = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class Mixture:
    """Each picture of a batch has `share` `[N]` of itself, and the rest of the picture at `partner` `[N]`.

    That rest is the `pasted` rectangle of the other picture; None: both are blended.
    """

    share: Tensor
    partner: Tensor
    pasted: Rectangle | None = None

    def to(self, device: torch.device) -> Mixture:
        return Mixture(self.share.to(device), self.partner.to(device), self.pasted)

    def of(self, values: Tensor) -> Tensor:
        """What becomes of pictures `[N, C, H, W]`, of clips `[N, T, C, H, W]`, or of vectors `[N, V]` beside them.

        Vectors are blended, whatever the pictures are.
        """
        if values.ndim > 2 and self.pasted is not None:
            rows, columns = self.pasted
            mixed = values.clone()
            mixed[..., rows, columns] = values[self.partner][..., rows, columns]
            return mixed
        share = self.share.to(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
        return share * values + (1 - share) * values[self.partner]


class Mixer:
    """Draws how the pictures of a batch are mixed.

    Args:
        mixup: α of the distribution Beta(α, α) from which the share of a batch is drawn; 0: no mixup.
        cutmix: the same for CutMix. Where both are above 0, half of the batches get each.
    """

    def __init__(self, mixup: float, cutmix: float) -> None:
        self._ways = [(alpha, pastes) for alpha, pastes in ((mixup, False), (cutmix, True)) if alpha > 0]

    def __call__(self, shape: Sequence[int], rng: np.random.Generator) -> Mixture | None:
        """A mixture of pictures of the shape `[N, …, H, W, C]`; None if nothing is mixed."""
        count, (height, width) = shape[0], shape[-3:-1]
        if not self._ways or count == 1:
            return None
        alpha, pastes = self._ways[rng.integers(len(self._ways))]
        partner = torch.from_numpy(rng.permutation(count))
        share = float(rng.beta(alpha, alpha))
        if not pastes:
            return Mixture(torch.full((count,), share), partner)
        rows, columns = rectangle = _rectangle(1 - share, height, width, rng)
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        return Mixture(torch.full((count,), 1 - area / (height * width)), partner, rectangle)


def _rectangle(share: float, height: int, width: int, rng: np.random.Generator) -> Rectangle:
    """A rectangle of this share of a picture, where the border does not cut it."""
    side = math.sqrt(share) / 2
    down, across = rng.integers(height), rng.integers(width)
    rows = slice(max(0, round(down - side * height)), min(height, round(down + side * height)))
    columns = slice(max(0, round(across - side * width)), min(width, round(across + side * width)))
    return rows, columns
