"""Operations of which an augmented picture gets a few, as in RandAugment (Cubuk et al., arXiv 1909.13719).

They are Pillow's, with the ranges of RandAugment at about a third of its scale for strength 1. Of its list, four are
left out: solarize and invert, which make light strokes dark, so that a symbol loses its shape; equalize, which takes
ten times as long as the others; and translation, which the crop does already.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageEnhance

Operation = Callable[[Image.Image, float, np.random.Generator], Image.Image]

TURN = 12.0  # degrees at strength 1
SHEAR = 0.12  # pixels along one axis for each pixel along the other
TONE = 0.4  # share by which brightness, contrast, colour and sharpness change
POSTERIZED = 5  # bits of a tone that stay at strength 1; at least 4


def rotate(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """A turn around the centre."""
    angle = math.radians(TURN * strength * rng.uniform(-1, 1))
    return _linear(image, (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle)))


def shear_across(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Rows move sideways, the more the further they are from the middle."""
    return _linear(image, (1, SHEAR * strength * rng.uniform(-1, 1), 0, 1))


def shear_down(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Columns move up or down, the more the further they are from the middle."""
    return _linear(image, (1, 0, SHEAR * strength * rng.uniform(-1, 1), 1))


def change_brightness(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Darker or brighter."""
    return ImageEnhance.Brightness(image).enhance(_factor(strength, rng))


def change_contrast(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Further from the mean tone, or nearer."""
    middle = round(float(np.asarray(image).mean()))
    return Image.blend(_flat(image, middle), image, _factor(strength, rng))


def change_saturation(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """More colour or less; a grey picture stays as it is."""
    return image if image.mode == "L" else ImageEnhance.Color(image).enhance(_factor(strength, rng))


def change_sharpness(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Smoother or sharper."""
    return ImageEnhance.Sharpness(image).enhance(max(0.0, 2 * _factor(strength, rng) - 1))


def stretch_tones(image: Image.Image, _strength: float, _rng: np.random.Generator) -> Image.Image:
    """The tones fill the whole range; the colours keep their proportions."""
    bands = np.array(image.getextrema())
    low, high = int(bands.min()), int(bands.max())
    return ImageChops.subtract(image, _flat(image, low), max(high - low, 1) / 255)


def posterize(image: Image.Image, strength: float, _rng: np.random.Generator) -> Image.Image:
    """Fewer tones."""
    kept = max(4, round(8 - (8 - POSTERIZED) * strength))
    return Image.fromarray(np.asarray(image) & np.uint8(256 - (1 << (8 - kept))))


OPERATIONS: tuple[Operation, ...] = (
    rotate,
    shear_across,
    shear_down,
    change_brightness,
    change_contrast,
    change_saturation,
    change_sharpness,
    stretch_tones,
    posterize,
)


def _factor(strength: float, rng: np.random.Generator) -> float:
    return float(1 + TONE * strength * rng.uniform(-1, 1))


def _flat(image: Image.Image, tone: int) -> Image.Image:
    """A picture of the same size, of one grey."""
    return Image.new(image.mode, image.size, tone if image.mode == "L" else (tone,) * 3)


def _linear(image: Image.Image, matrix: tuple[float, float, float, float]) -> Image.Image:
    """The picture under a linear map around its centre; what comes into view has the colour of its first pixel."""
    a, b, c, d = matrix
    x, y = image.width / 2, image.height / 2
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        (a, b, x - a * x - b * y, c, d, y - c * x - d * y),
        Image.Resampling.BILINEAR,
        fillcolor=image.getpixel((0, 0)),
    )
