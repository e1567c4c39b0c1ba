"""Augmentation of lines of text, as by printers, scanners, cameras and inexact crops.

Beside an even stretch, nothing moves by more than 2 pixels along the line. So the teacher's frames for the original
line stay valid after they are resampled to the new width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.training.augmentation.geometry import warp
from crnn_deploy.training.augmentation.photometry import GENTLE, HARSH

Pixels = NDArray[np.uint8]


class Augmentation:
    """Distorts pixels `[H, W, C]` with random strength up to `strength`.

    Args:
        strength: 0 leaves images unchanged, 1 is moderate, 2 is strong.
        keep_width: for networks of a fixed width, whose lines may show a single symbol: they keep their width, and get
            only those effects that keep every shape complete.
    """

    def __init__(self, strength: float, keep_width: bool) -> None:
        self.strength = strength
        self.keep_width = keep_width
        self._effects = GENTLE if keep_width else HARSH

    def __call__(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        if self.strength == 0:
            return pixels
        height, width, channels = pixels.shape
        image = warp(
            Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels),
            width if self.keep_width else max(8, round(width * self._stretch(rng))),
            self.strength / 2 if self.keep_width else self.strength,
            rng,
        )
        for chance, effect in self._effects:
            if rng.random() < chance * self.strength:
                image = effect(image, self.strength, rng)
        return np.asarray(image, np.uint8).reshape(height, image.width, channels)

    def _stretch(self, rng: np.random.Generator) -> float:
        return float(1 + 0.08 * self.strength * rng.uniform(-1, 1))
