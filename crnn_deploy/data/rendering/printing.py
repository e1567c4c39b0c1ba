"""Defects of printing: stretched type, dots, smear, worn print heads and neighbouring lines.

Every function takes and returns the coverage of ink, mode L, 255 for full coverage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from crnn_deploy.data.rendering.vocabulary import Rng, pick

NARROWEST, WIDEST = 0.55, 1.9  # times the font's own width
COARSEST, FINEST = 10, 24  # height of a capital in dots of a thermal printer
CLEARER = 6  # additional dots for the coarsest print at strength 0
DOT = 4  # pixels across one round dot


def print_ink(ink: Image.Image, capital: float, strength: float, rng: Rng) -> Image.Image:
    """`ink` with the defects of a random printer: none at strength 0, broken dots in the worst case at strength 1.

    Args:
        capital: height of a capital in pixels.
    """
    ink = stretch(ink, _stretch_factor(strength, rng))
    if rng.random() < 0.45 * strength:
        dots = rng.uniform(COARSEST + CLEARER * (1 - strength), FINEST)
        rows = round(float(dots) * ink.height / capital)
        ink = print_dots(ink, rows, round_dots=bool(rng.random() < 0.3 * strength), rng=rng)
    if rng.random() < 0.3 * strength:
        ink = smear(ink, float(rng.uniform(0.2, 0.6 + 0.4 * strength)), rng)
    elif rng.random() < 0.2 * strength:
        ink = thin(ink, float(rng.uniform(0.2, 0.3 + 0.5 * strength)))
    if rng.random() < 0.3 * strength:
        ink = wear(ink, strength, rng)
    return ink


def stretch(ink: Image.Image, factor: float) -> Image.Image:
    """`ink` with `factor` times its width."""
    width = max(1, round(ink.width * factor))
    return ink if width == ink.width else ink.resize((width, ink.height), Image.Resampling.BILINEAR)


def print_dots(ink: Image.Image, rows: int, round_dots: bool, rng: Rng) -> Image.Image:
    """`ink` in `rows` rows of dots that are either black or white, at its original size.

    Args:
        round_dots: draw each dot as a disc with a gap around it, like a needle printer.
    """
    rows = min(rows, ink.height)
    columns = max(1, round(ink.width * rows / ink.height))
    threshold = int(rng.integers(70, 130))
    dots = ink.resize((columns, rows), Image.Resampling.BOX).point([255 * (level > threshold) for level in range(256)])
    if round_dots:
        disc = _disc(float(rng.uniform(0.42, 0.6)))
        grid = np.kron(np.asarray(dots, np.uint8) // 255, disc)
        return Image.fromarray(grid).resize(ink.size, Image.Resampling.BOX)
    return dots.resize(ink.size, pick(rng, (Image.Resampling.BILINEAR, Image.Resampling.BOX, Image.Resampling.BICUBIC)))


def smear(ink: Image.Image, amount: float, rng: Rng) -> Image.Image:
    """Bolder ink, as printed twice or soaked into the paper, by `amount` (0…1)."""
    if rng.random() < 0.5:
        shifted = Image.new("L", ink.size)
        shifted.paste(ink, (max(1, round(0.03 * ink.height)), 0))
        fatter = Image.fromarray(np.maximum(np.asarray(ink), np.asarray(shifted)))
    else:
        fatter = ink.filter(ImageFilter.MaxFilter(3))
    return Image.blend(ink, fatter, amount)


def thin(ink: Image.Image, amount: float) -> Image.Image:
    """Thinner ink, by `amount` (0…1)."""
    return Image.blend(ink, ink.filter(ImageFilter.MinFilter(3)), amount)


def wear(ink: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """Ink with missing rows or columns, speckles, or a faded part."""
    levels = np.asarray(ink, np.float32)
    fault = pick(rng, (_missing_rows, _missing_columns, _speckles, _speckles, _faded_part, _faded_part))
    return Image.fromarray((levels * fault(levels.shape, strength, rng)).astype(np.uint8))


def add_surroundings(ink: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """Sometimes adds other content of a crop: parts of the lines above and below, or a rule."""
    if rng.random() < 0.3 * strength:
        ink = _add_neighbours(ink, rng)
    if rng.random() < 0.1 * strength:
        ink = _add_rule(ink, rng)
    return ink


def crop_tightly(ink: Image.Image, strength: float, rng: Rng) -> Image.Image:
    """Sometimes cuts off the margins unevenly, in the worst case with a pixel or two of the ink."""
    box = ink.point([255 * (level > 100) for level in range(256)]).getbbox()
    if box is None or rng.random() > 0.35 * strength:
        return ink
    least = -0.04 * strength  # share of the height
    left, top, right, bottom = (round(ink.height * float(share)) for share in rng.uniform(least, 0.1, 4))
    # No columns of ink are cut off, because a 1 or a full stop could disappear.
    left, right = max(0, left), max(0, right)
    lines = box[3] - box[1] >= 0.4 * ink.height  # a single dash or dot must keep its height on the line
    upper = max(0, box[1] - top) if lines else 0
    lower = min(ink.height, box[3] + bottom) if lines else ink.height
    return ink.crop((max(0, box[0] - left), upper, min(ink.width, box[2] + right), lower))


def _stretch_factor(strength: float, rng: Rng) -> float:
    """Mostly near 1; narrow type is more common than double width."""
    draw = rng.random()
    if draw < 0.15 * strength:
        return 1 + strength * (float(rng.uniform(NARROWEST, 0.8)) - 1)
    if draw < 0.25 * strength:
        return 1 + strength * (float(rng.uniform(1.3, WIDEST)) - 1)
    return 1 + 0.2 * strength * float(rng.uniform(-1, 1))


def _disc(radius: float) -> NDArray[np.uint8]:
    """Coverage `[DOT, DOT]` of a round dot; `radius` in cells."""
    steps = (np.arange(DOT) + 0.5) / DOT - 0.5
    distance = np.hypot(steps[:, None], steps[None])
    disc: NDArray[np.uint8] = (255 * ((radius - distance) * DOT + 0.5).clip(0, 1)).astype(np.uint8)
    return disc


def _missing_rows(shape: tuple[int, ...], strength: float, rng: Rng) -> NDArray[np.float32]:
    """One or two thin rows without ink, as from a broken dot of the print head."""
    kept = np.ones((shape[0], 1), np.float32)
    thickness = max(1, shape[0] // 32)
    for start in rng.integers(shape[0], size=int(rng.integers(1, 3))):
        kept[start : start + thickness] = 1 - strength * float(rng.uniform(0.5, 1))
    return kept


def _missing_columns(shape: tuple[int, ...], strength: float, rng: Rng) -> NDArray[np.float32]:
    """Thin columns without ink, fewer than characters."""
    kept = np.ones((1, shape[1]), np.float32)
    thickness = max(1, shape[0] // 32)
    for start in rng.integers(shape[1], size=1 + int(rng.integers(1 + shape[1] // shape[0]))):
        kept[:, start : start + thickness] = 1 - strength * float(rng.uniform(0.5, 1))
    return kept


def _speckles(shape: tuple[int, ...], strength: float, rng: Rng) -> NDArray[np.float32]:
    """Grains of the size of a dot without ink."""
    grain = max(1, shape[0] // int(rng.integers(16, 40)))
    lost = rng.random((1 + shape[0] // grain, 1 + shape[1] // grain), np.float32) < 0.3 * strength * rng.random()
    kept: NDArray[np.float32] = (1 - lost.astype(np.float32)).repeat(grain, 0).repeat(grain, 1)
    return kept[: shape[0], : shape[1]]


def _faded_part(shape: tuple[int, ...], strength: float, rng: Rng) -> NDArray[np.float32]:
    """Less ink in slow waves along the line or across it."""
    along = bool(rng.random() < 0.6)
    length = shape[1] if along else shape[0]
    waves = float(rng.uniform(0.3, 1.5))
    wave = np.sin(2 * np.pi * (waves * np.arange(length) / length + rng.random())).astype(np.float32)
    kept: NDArray[np.float32] = 1 - np.float32(0.35 * strength * rng.uniform(0.4, 1)) * (1 + wave)
    return kept[None] if along else kept[:, None]


def _add_neighbours(ink: Image.Image, rng: Rng) -> Image.Image:
    """The lower part of the line above or the upper part of the line below: a shifted strip of this line's own ink."""
    box = ink.getbbox()
    if box is None:
        return ink
    thickness = max(1, round(float(rng.uniform(0.03, 0.12)) * ink.height))
    gap = round(float(rng.uniform(0, 0.06)) * ink.height)
    above, below = pick(rng, ((1, 0), (0, 1), (1, 1)))
    wider = Image.new("L", (ink.width, ink.height + (above + below) * (thickness + gap)))
    wider.paste(ink, (0, above * (thickness + gap)))
    offset = int(rng.integers(ink.width))
    for side, source, target in ((above, box[3] - thickness, 0), (below, box[1], wider.height - thickness)):
        strip = ink.crop((0, source, ink.width, source + thickness))
        for start in (offset, offset - ink.width) if side else ():
            wider.paste(strip, (start, target))
    return wider


def _add_rule(ink: Image.Image, rng: Rng) -> Image.Image:
    """A thin rule along the whole line, near its top or bottom."""
    ruled = ink.copy()
    row = round(ink.height * float(pick(rng, (0.03, 0.9, 0.94, 0.97))))
    thickness = max(1, round(ink.height * float(rng.uniform(0.01, 0.05))))
    shade = int(rng.integers(120, 256))
    ImageDraw.Draw(ruled).rectangle((0, row, ink.width, row + thickness - 1), fill=shade)
    return ruled
