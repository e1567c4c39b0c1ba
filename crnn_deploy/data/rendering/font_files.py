"""Finds the files of font names: paths, families of the package fontpkg, and families that fontconfig knows."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from functools import cache
from pathlib import Path

from crnn_deploy.data.rendering.typeface import BOLDEST, LIGHTEST, FontFile
from crnn_deploy.errors import InputError

SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})


def font_files(name: str) -> list[FontFile]:
    """The font files of a name: a file, a folder of them, or an installed family.

    Raises:
        InputError: if there is none.
    """
    path = Path(name)
    if path.is_dir():
        fonts = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not fonts:
            raise InputError(f"The folder {path} holds no .ttf, .otf or .ttc files.", fix="Name a folder with fonts.")
        return [FontFile(font) for font in fonts]
    if path.suffix.lower() in SUFFIXES:
        if not path.is_file():
            raise InputError(f"The font {path} does not exist.", fix="Check the path.")
        return [FontFile(path)]
    return _of_package(name) or _of_system(name) or _not_installed(name)


def default_fonts() -> list[FontFile]:
    """The DejaVu fonts, which come with matplotlib.

    Raises:
        InputError: if matplotlib is not installed.
    """
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        raise InputError(
            "The default fonts come with matplotlib, which is not installed.",
            fix="pip install 'crnn-deploy[report]', or name fonts.",
        )
    folder = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [FontFile(path) for path in sorted(folder.glob("DejaVu*.ttf")) if "Display" not in path.stem]


def _of_package(name: str) -> list[FontFile]:
    try:
        import fontpkg

        files = fontpkg.family(name).files
    except (ImportError, LookupError):
        return []
    legible = [file.path for file in files if file.variable or LIGHTEST <= (file.weight or 400) <= BOLDEST]
    return [FontFile(path) for path in sorted(legible or [file.path for file in files])]


def _of_system(name: str) -> list[FontFile]:
    """All faces of a family that the system has installed; capitals and small letters are the same."""
    return sorted(file for family, file in _installed() if family.casefold() == name.casefold())


@cache
def _installed() -> tuple[tuple[str, FontFile], ...]:
    """Family and file of each face that fontconfig lists; a face has names in several languages."""
    program = shutil.which("fc-list")
    if program is None:
        return ()
    listed = subprocess.run(
        [program, "--format", r"%{file}\t%{index}\t%{family}\n"],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",  # paths are bytes
        check=False,
    )
    rows = [line.split("\t") for line in listed.stdout.splitlines() if line.count("\t") == 2]
    return tuple(
        (family, FontFile(Path(path), int(index)))
        for path, index, families in rows
        if Path(path).suffix.lower() in SUFFIXES and int(index) < 1 << 16  # higher ones are instances of variable fonts
        for family in families.split(",")
    )


def _not_installed(name: str) -> list[FontFile]:
    slug = "-".join(name.lower().split())
    raise InputError(
        f"The font family {name} is not installed.",
        "Neither the package fontpkg nor fontconfig (fc-list) knows it.",
        f"pip install fontpkg-{slug}; or the fonts of the examples: pip install 'crnn-deploy[examples]'; "
        "or the package of your system, such as fonts-noto-cjk of Debian; or name a font file.",
    )
