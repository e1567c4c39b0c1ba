"""Moves the corners of an image: stretch, shear, rotation, perspective, and crops that are too tight or too wide."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

SIDEWAYS = 1.0  # pixels a corner moves along the line at strength 1
TILT = 0.03  # of the height that a corner moves up or down
WIDER, TIGHTER = 0.12, 0.05  # of the height that a crop takes in or loses, at top and bottom


def warp(image: MatLike, width: int, strength: float, rng: np.random.Generator) -> MatLike:
    """`image` `[H, W]` or `[H, W, 3]` resized to `width`, with every corner moved a little; new areas get the colour of
    the border.

    Beside the stretch, columns move by at most `SIDEWAYS * strength` pixels: the warp is bilinear between the corners.
    """
    height = image.shape[0]
    x, y = _corners(height, image.shape[1], strength, rng)
    down, across = _shares_of_ends(height).T, _shares_of_ends(width)
    return cv2.remap(
        image,
        down @ x @ across,
        down @ y @ across,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=border_tone(image),
    )


def border_tone(image: MatLike) -> tuple[int, ...]:
    """Median colour of the border, in most images that of the paper."""
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    middle = len(border) // 2
    border.partition(middle, axis=0)
    return tuple(border[middle].reshape(-1).tolist())


def _corners(height: int, width: int, strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Where the corners come from, `[2, 2, 2]`: x and y, each top and bottom, each left and right.

    The first pixel's centre is at zero.
    """
    crops, top, bottom, *draws = rng.random(11).tolist()
    most = strength * height if crops < 0.5 else 0
    top, bottom = (most * (draw * (WIDER + TIGHTER) - WIDER) for draw in (top, bottom))
    shifts = [strength * (2 * draw - 1) for draw in draws]
    x = [end + SIDEWAYS * shift - 0.5 for end, shift in zip((0, width, 0, width), shifts[:4], strict=True)]
    ends = (top, top, height - bottom, height - bottom)
    y = [end + TILT * height * shift - 0.5 for end, shift in zip(ends, shifts[4:], strict=True)]
    return np.array((x, y), np.float32).reshape(2, 2, 2)


@lru_cache(1024)
def _shares_of_ends(size: int) -> NDArray[np.float32]:
    """What each of `size` pixels takes from the beginning and from the end, `[2, size]`."""
    end = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    return np.stack([1 - end, end])
