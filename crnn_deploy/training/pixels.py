"""The images of a batch as 8-bit pixels: what prepares them hands over a quarter of the bytes, and the device that
trains normalises them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crnn_deploy.data.preprocess import Preprocessor


@dataclass(frozen=True)
class PixelBatch:
    """Images of a batch, not yet normalised.

    Attributes:
        levels: uint8 `[N, H, W, C]`, or `[N, T, H, W, C]` of clips.
        mean, std: float32, by which they are normalised; of all images `[1, C or 1, 1, 1]`, or of each `[N, 1, 1, 1]`;
            of clips of each still `[N, T, 1, 1, 1]`.
        inverted: whether the network sees ink bright.
    """

    levels: Tensor
    mean: Tensor
    std: Tensor
    inverted: bool

    @classmethod
    def of(cls, images: Sequence[NDArray[np.uint8]], preprocessor: Preprocessor) -> PixelBatch:
        """Images `[H, w, C]`, or clips, padded to the width of the widest as `preprocessor` does it for one."""
        seen = preprocessor.preprocessing
        widths = [seen.with_padding(image.shape[-2]) for image in images]
        padded = [preprocessor.padded(image, max(widths)) for image in images]
        alike = slice(None) if seen.normalise == "image" else slice(1)
        statistics = [preprocessor.statistics(*each) for each in list(zip(padded, widths, strict=True))[alike]]
        mean, std = (torch.from_numpy(np.stack(each)) for each in zip(*statistics, strict=True))
        return cls(torch.from_numpy(np.stack(padded)), mean, std, seen.invert)

    def __len__(self) -> int:
        return len(self.levels)

    def normalised(self) -> Tensor:
        """float32 `[N, C, H, W]`, or `[N, T, C, H, W]` of clips: the numbers that `Preprocessor.tensor` makes.

        In memory the channels come last, which suits convolutions best.
        """
        fractions = self.levels.movedim(-1, -3).float() / 255
        seen = 1 - fractions if self.inverted else fractions
        return (seen - self.mean) / self.std

    def to(self, device: torch.device) -> PixelBatch:
        levels, mean, std = (each.to(device, non_blocking=True) for each in (self.levels, self.mean, self.std))
        return PixelBatch(levels, mean, std, self.inverted)
