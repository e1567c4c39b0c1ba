"""Pictures of Chinese plates that are drawn: seven characters of 45 × 90 mm on 440 × 140 mm, as GA 36 has them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O
DIGITS = "0123456789"
WIDTH, HEIGHT = 94, 24  # pixels, those of the crops of CCPD

_SCALE = 2  # pixels a mm of what is drawn
_PLATE = 440 * _SCALE, 140 * _SCALE
_LEFT, _TOP, _GLYPH, _GAP, _GAP_OF_DOT = 15.5, 25, (45, 90), 12, 34  # mm
_AROUND = 160  # pixels of car around the plate
_HAN = ("Noto Sans CJK SC:bold", "Noto Sans CJK SC:regular", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei")
_LATIN = (
    "Liberation Sans Narrow:bold",
    "Liberation Sans:bold",
    "Liberation Mono:bold",
    "DejaVu Sans:bold",
    "DejaVu Sans Mono:bold",
    "Noto Sans CJK SC:bold",
)

Rng = np.random.Generator
Shades = NDArray[np.float32]


@dataclass(frozen=True)
class Face:
    """A face of a font file."""

    file: str
    number: int


@cache
def faces(patterns: tuple[str, ...]) -> tuple[Face, ...]:
    """The installed faces of some patterns of fontconfig."""
    asked = [["fc-list", "-f", "%{file}\t%{index}\n", pattern] for pattern in patterns]
    rows = [row for ask in asked for row in subprocess.check_output(ask, text=True).splitlines()]
    named = (row.split("\t") for row in sorted(set(rows)))
    return tuple(Face(file, int(index) & 0xFFFF) for file, index in named)


@cache
def glyph(character: str, face: Face) -> Image.Image:
    """Coverage of the ink of one character, cropped to it."""
    canvas = Image.new("L", (400, 400))
    ImageDraw.Draw(canvas).text((100, 100), character, 255, ImageFont.truetype(face.file, 160, index=face.number))
    return canvas.crop(canvas.getbbox())


def text(rng: Rng, of_anhui: float) -> str:
    """A random number; nearly all plates of CCPD are of Anhui, and so is this share of them."""
    province = "皖" if rng.random() < of_anhui else PROVINCES[rng.integers(len(PROVINCES))]
    office = "A" if rng.random() < 0.4 else LETTERS[rng.integers(len(LETTERS))]
    kinds = [LETTERS if letter else DIGITS for letter in rng.random(5) < 0.3]
    return province + office + "".join(kind[rng.integers(len(kind))] for kind in kinds)


def photograph(number: str, rng: Rng) -> Image.Image:
    """A plate as a detector cuts it out of a photograph, grey, 94 × 24 pixels."""
    ink, plate = _seen(_plate(number, rng), rng)
    blue, car = rng.uniform(15, 120), rng.uniform(0, 220)
    white = blue + (rng.uniform(40, 160) if rng.random() < 0.85 else rng.uniform(25, 50))
    shades = car * (1 - plate) + plate * (blue * (1 - ink) + white * ink)
    height, width = shades.shape
    light = np.outer(_light(0.15, height, rng), _light(0.25, width, rng))
    return _camera((shades * light).clip(0, 255).astype(np.uint8), rng)


def _light(change: float, count: int, rng: Rng) -> NDArray[np.float64]:
    """Brightness along an edge of so many pixels, which changes evenly from one end to the other."""
    return np.linspace(*rng.uniform(1 - change, 1 + change, 2), count)


def _plate(number: str, rng: Rng) -> Image.Image:
    """Coverage of white on the plate."""
    canvas = Image.new("L", _PLATE)
    draw = ImageDraw.Draw(canvas)
    han, latin = (found[rng.integers(len(found))] for found in (faces(_HAN), faces(_LATIN)))
    left = _LEFT
    for position, character in enumerate(number):
        bar = character == "1" and rng.random() < 0.6  # that of plates is a bar, as an I
        share = rng.uniform(0.25, 0.55) if character == "1" else rng.uniform(0.9, 1.05)
        width, height = share * _GLYPH[0], _GLYPH[1]
        drawn = glyph("I" if bar else character, latin if position else han)
        drawn = _weight(drawn.resize((round(width * _SCALE), height * _SCALE)), rng)
        canvas.paste(drawn, (round((left + (_GLYPH[0] - width) / 2) * _SCALE), _TOP * _SCALE), drawn)
        left += _GLYPH[0] + (_GAP if position != 1 else _GAP_OF_DOT)
        if position == 1:
            draw.circle(((left - _GAP_OF_DOT / 2) * _SCALE, _PLATE[1] / 2), 5 * _SCALE, 255)
    if rng.random() < 0.6:
        rim = [3 * _SCALE, 3 * _SCALE, _PLATE[0] - 3 * _SCALE, _PLATE[1] - 3 * _SCALE]
        draw.rounded_rectangle(rim, 10 * _SCALE, outline=int(rng.integers(60, 256)), width=2 * _SCALE)
    return canvas


def _weight(drawn: Image.Image, rng: Rng) -> Image.Image:
    """Bolder, lighter or as it is."""
    draw = rng.random()
    if draw < 0.3:
        return drawn.filter(ImageFilter.MaxFilter(3))
    return drawn.filter(ImageFilter.MinFilter(5)) if draw < 0.6 else drawn


def _seen(plate: Image.Image, rng: Rng) -> tuple[Shades, Shades]:
    """The ink and the plate itself at four times the size of a crop, in perspective and cut out inexactly."""
    width, height = plate.size
    canvas = np.zeros((height + 2 * _AROUND, width + 2 * _AROUND, 2), np.float32)
    inside = slice(_AROUND, -_AROUND)
    canvas[inside, inside, 0], canvas[inside, inside, 1] = np.asarray(plate, np.float32) / 255, 1
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + _AROUND
    slope = rng.normal(0, 0.06) if rng.random() < 0.7 else rng.uniform(-0.2, 0.2)
    away = corners - corners.mean(0)
    moved = corners + away[:, ::-1] * [-rng.normal(0, 0.06), slope] + rng.normal(0, 5, (4, 2))
    low, high = moved.min(0), moved.max(0)
    cut = (high - low) * rng.normal(0.005, 0.015, (2, 2))
    size = np.array([4 * WIDTH, 4 * HEIGHT])
    placed = (moved - low - cut[0]) / (high - low - cut.sum(0)) * size
    view = cv2.getPerspectiveTransform(corners, placed.astype(np.float32))
    seen = cv2.warpPerspective(canvas, view, (4 * WIDTH, 4 * HEIGHT), flags=cv2.INTER_AREA)
    return seen[..., 0], seen[..., 1]


def _camera(shades: NDArray[np.uint8], rng: Rng) -> Image.Image:
    """Motion, lack of focus, few pixels and noise."""
    if rng.random() < 0.5:
        shades = cv2.filter2D(shades, -1, _motion(int(rng.integers(1, 10)), float(rng.uniform(0, np.pi))))
    image = Image.fromarray(cv2.GaussianBlur(shades, (0, 0), float(rng.uniform(0.6, 2.8))))
    if rng.random() < 0.5:
        kept = rng.uniform(0.55, 1)
        image = image.resize((round(kept * WIDTH), round(kept * HEIGHT)), Image.Resampling.BOX)
    pixels = np.asarray(image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR), np.float32)
    return Image.fromarray((pixels + rng.normal(0, rng.uniform(0, 4), pixels.shape)).clip(0, 255).astype(np.uint8))


def _motion(length: int, angle: float) -> NDArray[np.float32]:
    kernel = np.zeros((15, 15), np.float32)
    for step in np.linspace(-length / 2, length / 2, 40):
        kernel[round(7 + step * np.sin(angle) / 2), round(7 + step * np.cos(angle))] = 1
    return kernel / kernel.sum()
