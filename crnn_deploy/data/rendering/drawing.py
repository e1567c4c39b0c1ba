"""Draws one line of text with whole glyphs and a margin around them."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.data.rendering.phrases import Rng

SIZES = (14, 18, 22, 26, 32, 40, 48, 64, 96, 128)  # pixels an em; few, so that fonts are loaded once
CAPITAL = 0.7  # height of a capital in ems
MARGIN = (0.1, 0.3)  # of the height of the box


def draw_ink(text: str, font: ImageFont.FreeTypeFont, rng: Rng) -> Image.Image:
    """Coverage of the ink, mode L, at the font's size: cropped to the glyphs or to the font's line, plus margins."""
    em = round(font.size)
    width, baseline = int(font.getlength(text)), 2 * em
    canvas = Image.new("L", (width + 2 * em, 4 * em))
    ImageDraw.Draw(canvas).text((em, baseline), text, fill=255, font=font, anchor="ls")
    left, top, right, bottom = canvas.getbbox() or (em, baseline, em + width, baseline)
    if rng.random() < 0.5:
        ascent, descent = font.getmetrics()
        top, bottom = min(top, baseline - ascent), max(bottom, baseline + descent)
    else:  # a lone dash stays a dash on a line, not a bar that fills the picture
        top, bottom = min(top, baseline - round(CAPITAL * em)), max(bottom, baseline)
    margins = [2 + round((bottom - top) * float(share)) for share in rng.uniform(*MARGIN, 4)]
    return canvas.crop((left - margins[0], top - margins[1], right + margins[2], bottom + margins[3]))


def size_for(height: int) -> int:
    """Font size whose picture is about `height` pixels high, or the next larger: shrinking keeps edges smooth."""
    return next((size for size in SIZES if size >= 0.9 * height), SIZES[-1])


def at_height(ink: Image.Image, height: int) -> Image.Image:
    """`ink` scaled to exactly `height` pixels, keeping its proportions."""
    return ink.resize((max(1, round(ink.width * height / ink.height)), height), Image.Resampling.BILINEAR)
