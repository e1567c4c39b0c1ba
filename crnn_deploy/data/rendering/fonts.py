"""Finds the typefaces of font names that can write a charset."""

from __future__ import annotations

import numpy as np

from crnn_deploy.data.rendering.font_files import default_fonts, font_files
from crnn_deploy.data.rendering.shaping import layout_for
from crnn_deploy.data.rendering.typeface import Typeface
from crnn_deploy.data.rendering.vocabulary import pick
from crnn_deploy.errors import InputError

ITALIC_SHARE = 0.2

Family = tuple[Typeface, ...]


def find_families(names: tuple[str, ...], charset: str) -> list[Family]:
    """The typefaces that can write all characters of the charset, by family.

    Args:
        names: installed families, files or folders; none: the DejaVu fonts of matplotlib.

    Raises:
        InputError: if a name is not a font, or no font can write the charset.
    """
    all_families = _families(names, charset)
    lacking = {face: face.lacks(charset) for family in all_families for face in family}
    families = [able for family in all_families if (able := tuple(face for face in family if not lacking[face]))]
    if not families:
        nearest = min(lacking, key=lambda face: len(lacking[face]))
        raise InputError(
            "None of the fonts can write the charset.",
            f"The nearest, {nearest.path.name}, lacks {lacking[nearest][:40]!r}.",
            "Remove these characters from the charset or the text, or name other fonts with --font.",
        )
    return families


def writable(names: tuple[str, ...], charset: str) -> str:
    """The characters of the charset that the most capable of the typefaces can write.

    Raises:
        InputError: if a name is not a font.
    """
    faces = [face for family in _families(names, charset) for face in family]
    lacking = min((set(face.lacks(charset)) for face in faces), key=len)
    return "".join(character for character in charset if character not in lacking)


def pick_typeface(families: list[Family], rng: np.random.Generator) -> Typeface:
    """A random face of a random family; upright faces are more frequent than italic ones."""
    family = pick(rng, families)
    italic = bool(rng.random() < ITALIC_SHARE)
    faces = [face for face in family if face.italic == italic] or family
    return pick(rng, faces)


def _families(names: tuple[str, ...], charset: str) -> list[Family]:
    files = [font_files(name) for name in names] if names else [default_fonts()]
    layout = layout_for(charset)
    return [tuple(Typeface(file, layout) for file in group) for group in files]
