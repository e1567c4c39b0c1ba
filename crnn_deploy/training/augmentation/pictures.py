"""Augmentation of pictures that are classified: crops, mirror images, changes of tone and shape, and erased areas."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.training.augmentation.operations import OPERATIONS

Pixels = NDArray[np.uint8]

_SHIFT = 0.125  # of the height and the width by which a crop moves at most: 4 of 32 pixels
_OPERATIONS = 2  # that each picture gets
_ERASED = 0.25  # share of the pictures that lose an area at strength 1
_AREA = (0.02, 0.2)  # of the picture that is erased
_LOG_ASPECT = math.log(1 / 0.3)  # the most of width over height of that area, or of height over width


class PictureAugmentation:
    """Distorts pixels `[H, W, C]`, and keeps their size.

    Crops after padding, and random erasing (Zhong et al., arXiv 1708.04896), are done on the array; the operations
    between them are Pillow's (see `operations`).

    Args:
        strength: 0 leaves tones and shapes unchanged, 1 is moderate, 2 is strong.
        flip: whether half of the pictures are mirrored, whatever the strength. Symbols lose their meaning by that.
    """

    def __init__(self, strength: float, flip: bool) -> None:
        self.strength = strength
        self.flip = flip

    def __call__(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        if self.flip and rng.random() < 0.5:
            pixels = pixels[:, ::-1]
        if self.strength == 0:
            return np.ascontiguousarray(pixels)
        pixels = self._operated(self._cropped(pixels, rng), rng)
        return self._erased(pixels, rng) if rng.random() < _ERASED * self.strength else pixels

    def _cropped(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """The picture moved along both axes; its outermost pixels are repeated where it ends.

        Reflected pixels would give symbols near the border strokes that they don't have.
        """
        cropped = pixels
        for axis in (0, 1):
            size = pixels.shape[axis]
            most = round(size * _SHIFT * min(self.strength, 1))
            begin = int(rng.integers(-most, most + 1))
            cropped = cropped.take(np.arange(begin, begin + size), axis, mode="clip")
        return cropped

    def _operated(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[2] == 1 else pixels)
        for _ in range(_OPERATIONS):
            image = OPERATIONS[rng.integers(len(OPERATIONS))](image, self.strength, rng)
        return np.asarray(image, np.uint8).reshape(pixels.shape)

    def _erased(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """The picture with noise in one rectangle."""
        height, width, channels = pixels.shape
        erased: Pixels = pixels.copy()
        area = rng.uniform(*_AREA) * height * width
        aspect = math.exp(rng.uniform(-_LOG_ASPECT, _LOG_ASPECT))
        across = min(width, max(1, round(math.sqrt(area * aspect))))
        down = min(height, max(1, round(math.sqrt(area / aspect))))
        top, left = rng.integers(height - down + 1), rng.integers(width - across + 1)
        noise = rng.integers(256, size=(down, across, channels), dtype=np.uint8)
        erased[top : top + down, left : left + across] = noise
        return erased
