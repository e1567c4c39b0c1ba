"""Effects on the tones of an image: ink, light, sensor and encoder. They change neither size nor positions."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from crnn_deploy.training.augmentation.geometry import border_tone

Effect = Callable[[Image.Image, float, np.random.Generator], Image.Image]

LEGIBLE_HEIGHT = 14  # pixels; lower lines can't be read


def weigh_ink(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Thicker or thinner strokes."""
    smallest = rng.random() < 0.5
    extreme = image.filter(ImageFilter.MinFilter(3) if smallest else ImageFilter.MaxFilter(3))
    return Image.blend(image, extreme, float(rng.uniform(0.1, 0.2 + 0.25 * strength)))


def lower_resolution(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Scale the image down, and up again."""
    kept = max(1 - 0.3 * strength * float(rng.random()), min(1.0, LEGIBLE_HEIGHT / image.height))
    small = (max(1, round(image.width * kept)), max(1, round(image.height * kept)))
    way_back = Image.Resampling.BICUBIC if rng.random() < 0.7 else Image.Resampling.NEAREST
    return image.resize(small, Image.Resampling.BOX).resize(image.size, way_back)


def blur(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Blur of a camera that is out of focus, or that moved."""
    radius = float(rng.uniform(0.3, 0.3 + 0.5 * strength))
    way = rng.integers(3)
    return image.filter(ImageFilter.GaussianBlur(radius if way == 0 else (radius, 0) if way == 1 else (0, radius)))


def sharpen(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Halos, as from the sharpening of a scanner."""
    return image.filter(ImageFilter.UnsharpMask(float(rng.uniform(1, 3)), round(120 * strength), threshold=0))


def light_unevenly(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Shadows along the line. They darken paper and ink alike, so that faint print stays visible."""
    shadows = (255 - abs(rng.normal(0, 25 * strength, (2, 2 + image.width // (2 * image.height))))).clip(110, 255)
    light = Image.fromarray(shadows.astype(np.uint8)).resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(image, light if image.mode == "L" else Image.merge("RGB", [light] * 3))


def cut_out(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """One patch or a few, smaller than a character, of the tone of the paper or a random tone."""
    patched = image.copy()
    draw = ImageDraw.Draw(patched)
    for _ in range(1 + rng.integers(1 + round(strength))):
        left, top = rng.integers(image.width), rng.integers(image.height)
        across, down = rng.uniform(0.03, 0.12, 2) * image.height
        shade = int(rng.integers(256))
        tone = border_tone(image) if rng.random() < 0.6 else shade if image.mode == "L" else (shade, shade, shade)
        draw.rectangle((int(left), int(top), int(left + across), int(top + down)), fill=tone)
    return patched


def invert(image: Image.Image, _strength: float, _rng: np.random.Generator) -> Image.Image:
    """Light print on dark paper, or the other way round."""
    return ImageOps.invert(image)


def expose(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Change gamma, contrast and brightness; the mean tone, which is near that of the paper, is never clipped."""
    mean = float(np.asarray(image).mean())
    gamma = float(np.exp(0.35 * strength * rng.uniform(-1, 1)))
    tones = np.linspace(0, 1, 256)
    # The gamma curve changes most near the tone of the paper, so that faint print on black stays visible.
    curve = 255 * (tones**gamma if mean > 127 else 1 - (1 - tones) ** gamma)
    mean = float(curve[round(mean)])
    contrast = 1 + 0.3 * strength * rng.uniform(-1, 1)
    brightness = float(np.clip(35 * strength * rng.uniform(-1, 1), -mean, 255 - mean))
    exposed = ((curve - mean) * contrast + mean + brightness).clip(0, 255).astype(np.uint8)
    return image.point(exposed.tolist() * len(image.getbands()))


def add_noise(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Noise of a sensor."""
    pixels = np.asarray(image, np.float32)
    grain = rng.standard_normal(pixels.shape, np.float32) * np.float32(8 * strength * rng.random())
    return Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8))


def compress(image: Image.Image, strength: float, rng: np.random.Generator) -> Image.Image:
    """Artifacts of JPEG compression."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(round(80 - 28 * strength), 96)))
    return Image.open(file).convert(image.mode)


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
