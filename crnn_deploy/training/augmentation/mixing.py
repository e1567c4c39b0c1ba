"""Mixes the pictures of a batch in pairs, and their labels in the same shares.

Mixup (Zhang et al., arXiv 1710.09412) blends them, and CutMix (Yun et al., arXiv 1905.04899) pastes a rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Images = NDArray[np.float32]


@dataclass(frozen=True)
class Mixture:
    """Each picture of a batch has `share` `[N]` of itself, and the rest of the picture at `partner` `[N]`."""

    share: Tensor
    partner: Tensor

    def to(self, device: torch.device) -> Mixture:
        return Mixture(self.share.to(device), self.partner.to(device))


def mixed(vectors: Tensor, mixture: Mixture | None) -> Tensor:
    """The vectors `[N, V]` of the pictures of a batch, in the shares of these."""
    if mixture is None:
        return vectors
    share = mixture.share[:, None].to(vectors.dtype)
    return share * vectors + (1 - share) * vectors[mixture.partner]


class Mixer:
    """Mixes batches `[N, C, H, W]`, or `[N, T, C, H, W]` of clips.

    Args:
        mixup: α of the distribution Beta(α, α) from which the share of a batch is drawn; 0: no mixup.
        cutmix: the same for CutMix. Where both are above 0, half of the batches get each.
    """

    def __init__(self, mixup: float, cutmix: float) -> None:
        self._ways = [(alpha, way) for alpha, way in ((mixup, _blended), (cutmix, _pasted)) if alpha > 0]

    def __call__(self, images: Images, rng: np.random.Generator) -> tuple[Images, Mixture | None]:
        """The mixed pictures, and what each of them is made of; None if nothing is mixed."""
        if not self._ways or len(images) == 1:
            return images, None
        alpha, way = self._ways[rng.integers(len(self._ways))]
        partner = rng.permutation(len(images))
        mixed, share = way(images, images[partner], float(rng.beta(alpha, alpha)), rng)
        return mixed, Mixture(torch.full((len(images),), share), torch.from_numpy(partner))


def _blended(images: Images, others: Images, share: float, _rng: np.random.Generator) -> tuple[Images, float]:
    return np.float32(share) * images + np.float32(1 - share) * others, share


def _pasted(images: Images, others: Images, share: float, rng: np.random.Generator) -> tuple[Images, float]:
    """The pictures with a rectangle of the others, which the border may cut; the share is what is left of them."""
    height, width = images.shape[-2:]
    side = math.sqrt(1 - share) / 2
    down, across = rng.integers(height), rng.integers(width)
    top, bottom = max(0, round(down - side * height)), min(height, round(down + side * height))
    left, right = max(0, round(across - side * width)), min(width, round(across + side * width))
    mixed = images.copy()
    mixed[..., top:bottom, left:right] = others[..., top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)
