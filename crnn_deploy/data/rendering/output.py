"""Writes named files into a `.tar` or a folder, either completely or not at all."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from crnn_deploy.errors import InputError
from crnn_deploy.files import check_free, replacing
from crnn_deploy.folders import replacing_folder

RENDERED = re.compile(r"labels\.tsv|images|\d{6,}\.png")

Contents = Iterable[tuple[str, bytes]]


def png(image: Image.Image) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def check_output(output: Path, force: bool) -> None:
    """Raise `InputError` unless `output` may be written. A folder is replaced only if all its files were rendered."""
    if output.suffix not in ("", ".tar"):
        raise InputError(f"Lines cannot be written as {output.suffix}.", fix="Name a .tar or a folder with -o.")
    if output.suffix == ".tar" or not output.is_dir():
        check_free(output, force)
        return
    others = [child.name for child in output.iterdir() if not RENDERED.fullmatch(child.name)]
    if others:
        raise InputError(
            f"The folder {output} holds other files, such as {others[0]}.", fix="Choose another output with -o."
        )
    if not force and any(output.iterdir()):
        raise InputError(
            f"The folder {output} already holds lines.", fix="Choose another with -o, or replace it with --force."
        )


def write_output(contents: Contents, output: Path, force: bool) -> None:
    """Write the files one after the other.

    Raises:
        InputError: if `output` cannot be written.
    """
    if output.suffix == ".tar":
        with replacing(output, force) as temporary:
            _write_tar(contents, temporary)
    else:
        _write_folder(contents, output)


def _write_tar(contents: Contents, path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in contents:
            entry = tarfile.TarInfo(name)  # owner and time stay zero, so that the same lines give the same bytes
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def _write_folder(contents: Contents, folder: Path) -> None:
    with replacing_folder(folder) as temporary:
        for name, data in contents:
            file = temporary / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
