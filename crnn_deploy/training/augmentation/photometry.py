"""Effects on the tones of an image: ink, light, sensor and encoder. They change neither size nor positions.

Images are arrays `[H, W]` or `[H, W, 3]`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import cast

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from crnn_deploy.training.augmentation.geometry import border_tone

Effect = Callable[[MatLike, float, np.random.Generator], MatLike]

LEGIBLE_HEIGHT = 14  # pixels; lower lines can't be read

_NEIGHBOURS = np.ones((3, 3), np.uint8)
_TONES = np.linspace(0, 1, 256, dtype=np.float32)
_EXPOSURE = (0.35, 0.3, 35 / 255)  # logarithm of gamma, contrast, brightness
_GRAIN_SCALE, _GRAIN_ZERO = 40, 128  # of `_GRAIN`: levels for one standard deviation, and the level that is no noise
_GRAIN = np.rint(
    [_GRAIN_ZERO + _GRAIN_SCALE * NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)]
).astype(np.uint8)
"""Turns evenly distributed bytes into a normal distribution; drawing that itself takes ten times as long."""


def weigh_ink(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Thicker or thinner strokes."""
    extreme = (cv2.erode if rng.random() < 0.5 else cv2.dilate)(image, _NEIGHBOURS)
    share = rng.uniform(0.1, 0.2 + 0.25 * strength)
    return cv2.addWeighted(image, 1 - share, extreme, share, 0)


def lower_resolution(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Scale the image down, and up again."""
    height, width = image.shape[:2]
    kept = max(1 - 0.3 * strength * rng.random(), min(1.0, LEGIBLE_HEIGHT / height))
    small = (max(1, round(width * kept)), max(1, round(height * kept)))
    way_back = cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_NEAREST_EXACT
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=way_back)


def blur(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Blur of a camera that is out of focus, or that moved."""
    kernel, none = _narrow_gaussian(rng.uniform(0.3, 0.3 + 0.5 * strength)), np.ones(1)
    across, down = ((kernel, kernel), (kernel, none), (none, kernel))[rng.integers(3)]
    return cv2.sepFilter2D(image, -1, across, down, borderType=cv2.BORDER_REPLICATE)


def sharpen(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Halos, as from the sharpening of a scanner."""
    deviation, amount = rng.uniform(1, 3), 1.2 * strength
    kernel = cv2.getGaussianKernel(1 + 2 * math.ceil(2.5 * deviation), deviation, cv2.CV_32F)
    blurred = cv2.sepFilter2D(image, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return cv2.addWeighted(image, 1 + amount, blurred, -amount, 0)


def light_unevenly(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Shadows along the line. They darken paper and ink alike, so that faint print stays visible."""
    height, width = image.shape[:2]
    shadows = (255 - abs(rng.normal(0, 25 * strength, (2, 2 + width // (2 * height))))).clip(110, 255)
    light = cv2.resize(shadows.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(image, light if image.ndim == 2 else cv2.merge([light] * 3), scale=1 / 255)


def cut_out(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """One patch or a few, smaller than a character, of the tone of the paper or a random tone."""
    height, width = image.shape[:2]
    patched: MatLike = image.copy()
    for _ in range(1 + rng.integers(1 + round(strength))):
        left, top = rng.integers(width), rng.integers(height)
        across, down = rng.uniform(0.03, 0.12, 2) * height
        tone = border_tone(image) if rng.random() < 0.6 else rng.integers(256)
        patched[top : int(top + down) + 1, left : int(left + across) + 1] = tone
    return patched


def invert(image: MatLike, _strength: float, _rng: np.random.Generator) -> MatLike:
    """Light print on dark paper, or the other way round."""
    return cv2.bitwise_not(image)


def expose(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Change gamma, contrast and brightness; the mean tone, which is near that of the paper, is never clipped."""
    mean = sum(cv2.mean(image)) / (1 if image.ndim == 2 else 3) / 255
    log_gamma, contrast, brightness = (
        strength * most * (2 * draw - 1) for most, draw in zip(_EXPOSURE, rng.random(3).tolist(), strict=True)
    )
    gamma = math.exp(log_gamma)
    # The gamma curve changes most near the tone of the paper, so that faint print on black stays visible.
    bright = mean > 0.5
    mean = mean**gamma if bright else 1 - (1 - mean) ** gamma
    shift = min(max(brightness, -mean), 1 - mean)
    factor, offset = 255 * (1 + contrast), 255 * (shift - contrast * mean)
    exposed = _TONES**gamma * factor + offset if bright else (1 - _TONES) ** gamma * -factor + (factor + offset)
    return cv2.LUT(image, np.maximum(np.minimum(exposed, 255), 0).astype(np.uint8))


def add_noise(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Noise of a sensor."""
    drawn: NDArray[np.uint8] = rng.bit_generator.random_raw(-(-image.size // 8)).view(np.uint8)[: image.size]
    grain = cv2.LUT(drawn.reshape(image.shape), _GRAIN)
    share = 8 * strength * rng.random() / _GRAIN_SCALE
    return cv2.addWeighted(image, 1, grain, share, -share * _GRAIN_ZERO)


def compress(image: MatLike, strength: float, rng: np.random.Generator) -> MatLike:
    """Artifacts of JPEG compression."""
    quality = int(rng.integers(round(80 - 28 * strength), 96))
    _, file = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return cast(MatLike, cv2.imdecode(file, cv2.IMREAD_UNCHANGED))


# Probabilities at strength 1, in the order in which these effects happen: ink, light, lens, sensor, file.
ALWAYS = float("inf")
GENTLE: tuple[tuple[float, Effect], ...] = (
    (0.2, light_unevenly),
    (0.25, blur),
    (ALWAYS, expose),
    (ALWAYS, add_noise),
)
HARSH: tuple[tuple[float, Effect], ...] = (
    (0.25, weigh_ink),
    (0.08, cut_out),
    (0.03, invert),
    (0.25, light_unevenly),
    (0.2, lower_resolution),
    (0.25, blur),
    (0.12, sharpen),
    (ALWAYS, expose),
    (ALWAYS, add_noise),
    (0.2, compress),
)


def _narrow_gaussian(deviation: float) -> NDArray[np.float64]:
    """Seven values of a kernel with this standard deviation, at most √2: three times a box whose ends count in part.

    A Gaussian that is sampled, as OpenCV's, would hardly blur where the deviation is well below a pixel.
    """
    end = deviation**2 / 6
    box = (end, 1 - 2 * end, end)
    kernel: NDArray[np.float64] = np.convolve(np.convolve(box, box), box)
    return kernel
