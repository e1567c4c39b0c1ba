"""Moves the corners of an image: stretch, shear, rotation, perspective, and crops that are too tight or too wide."""

from __future__ import annotations

import numpy as np
from PIL import Image

SIDEWAYS = 1.0  # pixels a corner moves along the line at strength 1
TILT = 0.03  # of the height that a corner moves up or down
WIDER, TIGHTER = 0.12, 0.05  # of the height that a crop takes in or loses, at top and bottom


def warp(image: Image.Image, width: int, strength: float, rng: np.random.Generator) -> Image.Image:
    """`image` resized to `width`, with every corner moved a little; new areas get the colour of the border.

    Beside the stretch, columns move by at most `SIDEWAYS * strength` pixels: the warp is bilinear between the corners.
    """
    sideways = strength * SIDEWAYS * rng.uniform(-1, 1, 4)
    upwards = strength * image.height * (TILT * rng.uniform(-1, 1, 4) + _crop(rng))
    right, bottom = image.width, image.height
    corners = np.array([(0, 0), (0, bottom), (right, bottom), (right, 0)]) + np.stack([sideways, upwards], 1)
    return image.transform(
        (width, image.height),
        Image.Transform.QUAD,
        corners.ravel().tolist(),
        Image.Resampling.BILINEAR,
        fillcolor=border_tone(image),
    )


def border_tone(image: Image.Image) -> int | tuple[int, ...]:
    """Median colour of the border, in most images that of the paper."""
    pixels = np.asarray(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    middle = np.sort(border, axis=0)[len(border) // 2]
    return int(middle) if middle.ndim == 0 else tuple(middle.tolist())


def _crop(rng: np.random.Generator) -> np.ndarray:
    """Shares of the height by which the corners (in the order of `warp`) move for a crop; zero in half of the cases."""
    if rng.random() < 0.5:
        return np.zeros(4)
    top, bottom = rng.uniform(-WIDER, TIGHTER, 2)
    return np.array([top, -bottom, -bottom, top])
