"""The paper behind transparent pictures: white, or black where light strokes would vanish on white."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

_SURVEYED_PIXELS = 1_000_000

_FADED = 0.5
"""Light strokes have less than this share of their contrast on black when they lie on white: lighter than grey 170."""

_SPARSE = 0.5
"""Strokes cover less than this share of a picture, and a page that was cut out covers more."""

_LITTLE = 0.05
"""If a larger share of a cut-out page is dark, that is its text."""


def on_paper(image: Image.Image) -> Image.Image:
    """An `RGBA` image in mode `RGB`, on black paper if it shows light strokes, else on white."""
    paper = Image.new("RGBA", image.size, "black" if _shows_light_strokes(image) else "white")
    paper.alpha_composite(image)
    return paper.convert("RGB")


def _shows_light_strokes(image: Image.Image) -> bool:
    """Whether there is far less to see on white paper than on black, and it is no light page with dark text."""
    step = max(1, math.isqrt(image.width * image.height // _SURVEYED_PIXELS))
    light = np.asarray(image.convert("RGB").convert("L"), np.float32)[::step, ::step]
    opacity = np.asarray(image.getchannel("A"), np.float32)[::step, ::step] / 255
    on_black = light * opacity
    on_white = on_black + 255 * (1 - opacity)
    if on_white.std() >= _FADED * on_black.std():
        return False
    dark = opacity[light < 128].sum() / opacity.sum()
    return bool(dark < _LITTLE or opacity.mean() < _SPARSE)
