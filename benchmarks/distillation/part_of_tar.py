"""A part of a labelled `.tar`."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

from crnn_deploy.files import replacing

Row = tuple[str, str]  # name of the image, and its text


def write_part(archive: Path, rows: Sequence[Row], output: Path) -> None:
    """Write a .tar with some images of `archive`. Image files are unchanged, so stored answers hold for both."""
    labels = "".join(f"{name}\t{text}\n" for name, text in rows).encode()
    with replacing(output) as path, tarfile.open(archive) as whole, tarfile.open(path, "w") as part:
        header = tarfile.TarInfo("labels.tsv")
        header.size = len(labels)
        part.addfile(header, io.BytesIO(labels))
        for name, _ in rows:
            part.addfile(whole.getmember(name), whole.extractfile(name))
