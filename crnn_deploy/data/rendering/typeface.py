"""One face of a font file, which draws text at any size."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.data.rendering.shaping import needs_glyph
from crnn_deploy.errors import InputError

LIGHTEST, BOLDEST = 300, 800  # documents are not printed in lighter or bolder weights
WEIGHT_STEP = 100


class FontFile(NamedTuple):
    """A font file, and which of its faces, if it is a collection (`.ttc`)."""

    path: Path
    face: int = 0


class Typeface:
    """One face. It draws text at any size and, if the font is variable, in a random weight.

    Raises:
        InputError: if the file is not a font.
    """

    def __init__(self, file: FontFile, layout: ImageFont.Layout = ImageFont.Layout.BASIC) -> None:
        self.path, self._face = file
        self._layout = layout
        self.italic = any(word in self.path.stem.lower() for word in ("italic", "oblique"))
        self._at = lru_cache(maxsize=64)(self._load)
        try:
            regular = self._at(32, None)
        except OSError as error:
            raise InputError(f"{self.path} is not a font that can be read: {error}.", fix="Leave it out.") from None
        try:
            self._axes = regular.get_variation_axes()
        except OSError:  # not a variable font
            self._axes = []

    def font(self, size: int, rng: np.random.Generator) -> ImageFont.FreeTypeFont:
        """The face with an em of `size` pixels, in a random weight if the font is variable."""
        axis = next((axis for axis in self._axes if _is_weight(axis["name"])), None)
        if axis is None:
            return self._at(size, None)
        low, high = max(LIGHTEST, axis["minimum"] or 0), min(BOLDEST, axis["maximum"] or BOLDEST)
        steps = max(0, int(high - low)) // WEIGHT_STEP
        return self._at(size, int(low) + WEIGHT_STEP * int(rng.integers(steps + 1)))

    def lacks(self, charset: str) -> str:
        """The characters of `charset` without a glyph, which are drawn like a code point that is not a character."""
        font = self._at(32, None)
        missing = _glyph(font, "\U0010ffff")
        blank = _glyph(font, " ")
        return "".join(c for c in charset if needs_glyph(c) and _glyph(font, c) in (missing, blank))

    def _load(self, size: int, weight: int | None) -> ImageFont.FreeTypeFont:
        font = ImageFont.truetype(self.path, size, self._face, layout_engine=self._layout)
        if weight is not None:
            defaults = [(axis["name"], axis["default"] or 0) for axis in self._axes]
            font.set_variation_by_axes([weight if _is_weight(name) else value for name, value in defaults])
        return font


def _is_weight(name: str | bytes | None) -> bool:
    return name in ("Weight", b"Weight")


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    image = Image.new("L", (96, 96))
    ImageDraw.Draw(image).text((32, 64), character, fill=255, font=font, anchor="ls")
    return image.tobytes()
