"""Draws one line of text with whole glyphs and a margin around them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.data.rendering.shaping import needs_shaping
from crnn_deploy.data.rendering.vocabulary import Rng
from crnn_deploy.text_order import line_direction

SIZES = (14, 18, 22, 26, 32, 40, 48, 64, 96, 128)  # pixels of an em; few sizes, so that each font is loaded once
CAPITAL = 0.7  # height of a capital in ems
MARGIN = (0.1, 0.3)  # shares of the height of the box


def draw_ink(text: str, font: ImageFont.FreeTypeFont, strength: float, rng: Rng) -> Image.Image:
    """Coverage of the ink, mode L, at the font's size, cropped to the glyphs or the line height, plus margins.

    Args:
        strength: 0 sets the type as the font defines it; 1 may space it widely and move letters off the baseline.
    """
    em = round(font.size)
    loose = rng.random() < 0.3 * strength and not needs_shaping(text)  # shaped letters can't be set one by one
    canvas = _set_loosely(text, font, strength, rng) if loose else _set(text, font)
    baseline = 2 * em
    left, top, right, bottom = canvas.getbbox() or (em, baseline, canvas.width - em, baseline)
    if rng.random() < 0.5:
        ascent, descent = font.getmetrics()
        top, bottom = min(top, baseline - ascent), max(bottom, baseline + descent)
    else:  # so that a single dash does not fill the image
        top, bottom = min(top, baseline - round(CAPITAL * em)), max(bottom, baseline)
    margins = [2 + round((bottom - top) * float(share)) for share in rng.uniform(*MARGIN, 4)]
    return canvas.crop((left - margins[0], top - margins[1], right + margins[2], bottom + margins[3]))


def _set(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """`text` on a canvas of four ems height, with the baseline in the middle."""
    em = round(font.size)
    # Raqm takes the direction of the first letter, and labels that of most letters.
    direction = line_direction(text) if font.layout_engine == ImageFont.Layout.RAQM else None
    canvas = Image.new("L", (int(font.getlength(text, direction=direction)) + 2 * em, 4 * em))
    ImageDraw.Draw(canvas).text((em, 2 * em), text, fill=255, font=font, anchor="ls", direction=direction)
    return canvas


def _set_loosely(text: str, font: ImageFont.FreeTypeFont, strength: float, rng: Rng) -> Image.Image:
    """Like `_set`, but letter by letter: with other distances, wide spaces, or letters above and below the baseline."""
    em = round(font.size)
    tracking = em * strength * float(rng.choice((rng.uniform(-0.03, 0.1), rng.uniform(0.1, 0.5)), p=(0.7, 0.3)))
    space = em * strength * float(rng.choice((0, rng.uniform(0, 1.5))))
    jump = em * strength * float(rng.choice((0, 0.04)))
    # Spaces are never narrowed, because a label must not contain a space that can't be seen.
    steps = [font.getlength(c) + (max(0, tracking) + space if c == " " else tracking) for c in text]
    starts = em + np.cumsum([0, *steps])
    rises = jump * rng.uniform(-1, 1, len(text))
    canvas = Image.new("L", (int(starts[-1]) + 2 * em, 4 * em))
    draw = ImageDraw.Draw(canvas)
    for character, start, rise in zip(text, starts, rises, strict=False):
        draw.text((float(start), 2 * em + float(rise)), character, fill=255, font=font, anchor="ls")
    return canvas


def size_for(height: int) -> int:
    """The font size for a line of about `height` pixels, or the next larger one: shrinking keeps edges smooth."""
    return next((size for size in SIZES if size >= 0.9 * height), SIZES[-1])


def at_height(ink: Image.Image, height: int) -> Image.Image:
    """`ink` scaled to exactly `height` pixels, keeping its proportions."""
    return ink.resize((max(1, round(ink.width * height / ink.height)), height), Image.Resampling.BILINEAR)
