"""Degrades clean ink on paper, as by a printer, a camera and a JPEG encoder."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crnn_deploy.data.rendering.vocabulary import Rng

LEGIBLE_HEIGHT = 14  # pixels; lower lines can't be read


def degrade(ink: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """A grey image of a line.

    Args:
        ink: coverage of the ink, mode L, 255 for full coverage.
        strength: 0 gives black on white, 1 gives hardly readable copies.
    """
    paper, contrast = _paper(strength, rng), _contrast(strength, rng)
    picture = _print(ink, paper, contrast * paper, strength, rng)
    if rng.random() < 0.5 * strength:
        picture = _lose_resolution(picture, strength, rng)
    if rng.random() < strength:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.035 * strength)) * picture.height))
    if rng.random() < 0.25 * strength:
        picture = _sharpen(picture, strength, rng)
    if rng.random() < strength:
        # Less noise for faint print, which could not be read otherwise.
        picture = _add_noise(picture, strength * min(1.0, 0.2 + contrast), rng)
    if rng.random() < 0.6 * strength:
        picture = _compress(picture, strength, rng)
    return picture


def tilt(ink: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """`ink` rotated by a small angle, on a canvas that is large enough; long lines are rotated less."""
    widest = min(3.0, float(np.degrees(0.3 * ink.height / ink.width)))
    angle = strength * widest * float(rng.uniform(-1, 1))
    return ink.rotate(angle, Image.Resampling.BILINEAR, expand=True) if abs(angle) > 0.05 else ink


def _paper(strength: float, rng: Rng) -> float:
    """Grey level of the paper: often white, otherwise tinted, and sometimes a grey box."""
    draw = rng.random()
    if draw < 0.4:
        return 255 - 10 * strength * float(rng.random())
    return 255 - strength * float(rng.uniform(0, 90) if draw < 0.85 else rng.uniform(60, 130))


def _contrast(strength: float, rng: Rng) -> float:
    """Share of the paper's brightness that the ink removes: 1 for black."""
    fainter = 0.85 if rng.random() < 0.2 else 0.55
    return 1 - strength * float(rng.uniform(0, fainter))


def _print(ink: Image.Image, paper: float, contrast: float, strength: float, rng: Rng) -> Image.Image:
    """Ink of one shade on unevenly lit paper; sometimes light on dark."""
    coverage = np.asarray(ink, np.float32) / np.float32(255)
    faint = min(1.0, 0.3 + contrast / 128)
    shades: NDArray[np.floating] = paper + strength * faint * _texture(coverage.shape, rng) - contrast * coverage
    if rng.random() < 0.1 * strength:
        shades = _frame(shades, rng)
    if rng.random() < 0.08 * strength:
        shades = 255 - shades
    return _picture(shades)


def _frame(shades: NDArray[np.floating], rng: Rng) -> NDArray[np.floating]:
    """White beyond the edges of a grey box."""
    height, width = shades.shape
    left, top, right, bottom = (int(height * share) for share in rng.uniform(0, 0.09, 4))
    framed = np.full_like(shades, 255)
    framed[top : height - bottom, left : width - right] = shades[top : height - bottom, left : width - right]
    return framed


def _sharpen(picture: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """Halos, as from the sharpening of a scanner."""
    percent = round(strength * float(rng.uniform(50, 250)))
    return picture.filter(ImageFilter.UnsharpMask(0.06 * picture.height, percent, threshold=0))


def _texture(shape: tuple[int, ...], rng: Rng) -> NDArray[np.float32]:
    """Uneven light and the fibres of the paper, in grey levels around 0."""
    height, width = shape
    spots = rng.normal(128, float(rng.uniform(0, 30)), (2, 2 + width // (3 * height))).clip(0, 255).astype(np.uint8)
    light = Image.fromarray(spots).resize((width, height), Image.Resampling.BICUBIC)
    fibres = rng.integers(-4, 5, (1 + height // 2, 1 + width // 3), np.int8).repeat(2, 0).repeat(3, 1)
    texture: NDArray[np.float32] = np.asarray(light, np.float32) - 128 + fibres[:height, :width]
    return texture


def _lose_resolution(picture: Image.Image, strength: float, rng: Rng) -> Image.Image:
    kept = max(1 - 0.6 * strength * float(rng.random()), min(1.0, LEGIBLE_HEIGHT / picture.height))
    small = (max(1, round(picture.width * kept)), max(1, round(picture.height * kept)))
    way_back = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[rng.integers(3)]
    return picture.resize(small, Image.Resampling.BOX).resize(picture.size, way_back)


def _add_noise(picture: Image.Image, strength: float, rng: Rng) -> Image.Image:
    grain = rng.standard_normal((picture.height, picture.width), np.float32)
    return _picture(np.asarray(picture, np.float32) + strength * float(rng.uniform(0, 22)) * grain)


def _compress(picture: Image.Image, strength: float, rng: Rng) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=int(rng.integers(round(90 - 65 * strength), 95)))
    return Image.open(file).convert("L")


def _picture(shades: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(shades.clip(0, 255).astype(np.uint8))
