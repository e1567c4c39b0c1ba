"""Finds the typefaces of font names, and checks which of them can write a charset."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.data.rendering.shaping import layout_for, needs_glyph
from crnn_deploy.data.rendering.vocabulary import pick
from crnn_deploy.errors import InputError

SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
LIGHTEST, BOLDEST = 300, 800  # documents are not printed in lighter or bolder weights
WEIGHT_STEP = 100
ITALIC_SHARE = 0.2

Family = tuple["Typeface", ...]


class Typeface:
    """One font file. It draws text at any size and, if the font is variable, in a random weight.

    Raises:
        InputError: if the file is not a font.
    """

    def __init__(self, path: Path, layout: ImageFont.Layout = ImageFont.Layout.BASIC) -> None:
        self.path = path
        self._layout = layout
        self.italic = any(word in path.stem.lower() for word in ("italic", "oblique"))
        self._at = lru_cache(maxsize=64)(self._load)
        try:
            regular = self._at(32, None)
        except OSError as error:
            raise InputError(f"{path} is not a font that can be read: {error}.", fix="Leave it out.") from None
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
        font = ImageFont.truetype(self.path, size, layout_engine=self._layout)
        if weight is not None:
            defaults = [(axis["name"], axis["default"] or 0) for axis in self._axes]
            font.set_variation_by_axes([weight if _is_weight(name) else value for name, value in defaults])
        return font


def find_families(names: tuple[str, ...], charset: str) -> list[Family]:
    """The typefaces that can write all characters of the charset, by family.

    Args:
        names: families of fontpkg, files or folders; none: the DejaVu fonts of matplotlib.

    Raises:
        InputError: if a name is not a font, or no font can write the charset.
    """
    files = [_files(name) for name in names] if names else [_dejavu()]
    layout = layout_for(charset)
    all_families = [tuple(Typeface(path, layout) for path in group) for group in files]
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


def pick_typeface(families: list[Family], rng: np.random.Generator) -> Typeface:
    """A random face of a random family; upright faces are more frequent than italic ones."""
    family = pick(rng, families)
    italic = bool(rng.random() < ITALIC_SHARE)
    faces = [face for face in family if face.italic == italic] or family
    return pick(rng, faces)


def _files(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        fonts = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not fonts:
            raise InputError(f"The folder {path} holds no .ttf, .otf or .ttc files.", fix="Name a folder with fonts.")
        return fonts
    if path.suffix.lower() in SUFFIXES:
        if not path.is_file():
            raise InputError(f"The font {path} does not exist.", fix="Check the path.")
        return [path]
    return _installed(name)


def _installed(name: str) -> list[Path]:
    try:
        import fontpkg
    except ImportError:
        raise InputError(
            f"The font {name} needs the package fontpkg.", fix="pip install 'crnn-deploy[examples]'"
        ) from None
    try:
        files = fontpkg.family(name).files
    except fontpkg.FamilyNotInstalled:
        raise InputError(
            f"The font family {name} is not installed.",
            f"Installed are: {', '.join(sorted(fontpkg.families())) or 'none'}.",
            f"pip install fontpkg-{fontpkg.slugify(name)}, or the fonts of the examples: "
            "pip install 'crnn-deploy[examples]'",
        ) from None
    legible = [file.path for file in files if file.variable or LIGHTEST <= (file.weight or 400) <= BOLDEST]
    return sorted(legible or [file.path for file in files])


def _dejavu() -> list[Path]:
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        raise InputError(
            "The default fonts come with matplotlib, which is not installed.",
            fix="pip install 'crnn-deploy[report]', or name fonts.",
        )
    folder = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"
    return sorted(path for path in folder.glob("DejaVu*.ttf") if "Display" not in path.stem)


def _is_weight(name: str | bytes | None) -> bool:
    return name in ("Weight", b"Weight")


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    image = Image.new("L", (96, 96))
    ImageDraw.Draw(image).text((32, 64), character, fill=255, font=font, anchor="ls")
    return image.tobytes()
