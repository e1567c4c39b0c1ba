"""Which texts need shaping: joined letters, marks on letters, or an order from right to left."""

from __future__ import annotations

import re
import unicodedata

from PIL import ImageFont, features

from crnn_deploy.errors import InputError
from crnn_deploy.text_order import RIGHT_TO_LEFT

_JOINERS = "\u200c\u200d"
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")  # letters that a syllable of Korean is made of


def needs_shaping(text: str) -> bool:
    """Whether glyphs depend on their neighbours or run from right to left: Arabic, Hebrew, Indic scripts, marks."""
    return _JAMO.search(text) is not None or any(
        character in _JOINERS
        or unicodedata.bidirectional(character) in RIGHT_TO_LEFT
        or unicodedata.category(character).startswith("M")
        for character in text
    )


def layout_for(charset: str) -> ImageFont.Layout:
    """Pillow's basic layout, which is in every build, where it draws the characters rightly; else Raqm.

    Raises:
        InputError: if Raqm is needed, and this build of Pillow lacks it.
    """
    if not needs_shaping(charset):
        return ImageFont.Layout.BASIC
    if not features.check("raqm"):
        raise InputError(
            "The text needs shaping, and Pillow was built without Raqm.",
            "Its letters join, carry marks, or run from right to left.",
            "Install a build of Pillow with Raqm, such as the wheels of Linux and macOS.",
        )
    return ImageFont.Layout.RAQM


def needs_glyph(character: str) -> bool:
    """Whether a character is drawn: spaces and joiners are not."""
    return character != " " and character not in _JOINERS
