"""Resizes as OpenCV's `INTER_LINEAR` does it, which many recognisers were trained with.

Each pixel is a mean of four neighbours, also where the image becomes much smaller: Pillow's `bilinear` takes a mean of
all pixels that one pixel replaces. OpenCV's weights are whole numbers of 1/2048; the results here are within one grey
level of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ONE = 2048  # a weight of 1


def linear(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize `[H, W]` or `[H, W, C]` to `width` × `height` pixels."""
    if pixels.shape[:2] == (2 * height, 2 * width):
        return _halved(pixels)
    across, down = _Neighbours.of(pixels.shape[1], width), _Neighbours.of(pixels.shape[0], height)
    wide = pixels.astype(np.int32).swapaxes(0, 1)  # [W, H, …]
    rows = across.mixed(wide).swapaxes(0, 1) >> 4
    first, second = (
        _weighted(rows, *pair) >> 16 for pair in ((down.first, _ONE - down.share), (down.second, down.share))
    )
    resized: NDArray[np.uint8] = ((first + second + 2) >> 2).astype(np.uint8)
    return resized


@dataclass(frozen=True)
class _Neighbours:
    """For each new row or column: the two old ones around it, and the share of the second one in 1/2048, all `[n]`."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: NDArray[np.int32]

    @classmethod
    def of(cls, old: int, new: int) -> _Neighbours:
        centres = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
        place = np.clip(centres, 0, old - 1)
        first = place.astype(np.intp)
        return cls(first, np.minimum(first + 1, old - 1), np.rint((place - first) * _ONE).astype(np.int32))

    def mixed(self, values: NDArray[np.int32]) -> NDArray[np.int32]:
        return _weighted(values, self.first, _ONE - self.share) + _weighted(values, self.second, self.share)


def _weighted(values: NDArray[np.int32], chosen: NDArray[np.intp], weights: NDArray[np.int32]) -> NDArray[np.int32]:
    """The chosen rows of `[M, …]`, each times its weight."""
    return values[chosen] * weights.reshape(-1, *[1] * (values.ndim - 1))


def _halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To half of the size, where OpenCV takes the mean of each four pixels."""
    wide = pixels.astype(np.uint16)
    halved: NDArray[np.uint8] = (
        (wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) >> 2
    ).astype(np.uint8)
    return halved
