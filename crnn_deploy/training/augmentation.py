"""Photometric augmentation of lines: what scanners, cameras and printers do to ink on paper.

Apart from a slight horizontal stretch nothing moves, so the teacher's frames for the clean line stay valid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]


class Augmentation:
    """Distorts pixels `[H, W, C]` as far as `strength` (0…2) allows, with the randomness it is given."""

    def __init__(self, strength: float, keep_width: bool) -> None:
        self.strength = strength
        self.keep_width = keep_width

    def __call__(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        if self.strength == 0:
            return pixels
        pixels = self._reshape(pixels, rng)
        return self._expose(pixels, rng)

    def _reshape(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """Stretch by some percent and, now and then, blur."""
        height, width, channels = pixels.shape
        stretch = 1 + 0.08 * self.strength * rng.uniform(-1, 1)
        blur = rng.uniform(0.3, 0.3 + 0.7 * self.strength) if rng.random() < 0.25 else 0.0
        image = Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels)
        if not self.keep_width:
            image = image.resize((max(8, round(width * stretch)), height), Image.Resampling.BILINEAR)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(blur))
        return np.asarray(image, np.uint8).reshape(height, image.width, channels)

    def _expose(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """Change contrast and brightness and add sensor noise."""
        contrast = 1 + 0.3 * self.strength * rng.uniform(-1, 1)
        brightness = 30 * self.strength * rng.uniform(-1, 1)
        noise = rng.standard_normal(pixels.shape, np.float32) * np.float32(8 * self.strength * rng.random())
        exposed = (pixels.astype(np.float32) - 128) * contrast + 128 + brightness + noise
        clipped: Pixels = np.clip(exposed, 0, 255).astype(np.uint8)
        return clipped
