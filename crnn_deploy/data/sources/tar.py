"""A `.tar` of images, with a labels.tsv inside or without labels. It is read without unpacking."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from crnn_deploy.data.sources.encoded import EncodedSource, Item, is_image
from crnn_deploy.data.sources.labels import LABELS, check_present, parse_labels
from crnn_deploy.errors import InputError


def open_tar(path: Path) -> EncodedSource:
    """Lines of text if the archive holds a labels.tsv, or else its images without labels.

    Raises:
        InputError: if the archive is broken, cut off, compressed or empty, holds several labels.tsv, or an
            image of labels.tsv is missing.
    """
    members = _members(path)
    folders = sorted(name.rpartition("/")[0] for name in members if name.rpartition("/")[2] == LABELS)
    if not folders:
        names = sorted(filter(is_image, members))
        items = [Item(name) for name in names]
        return EncodedSource(str(path), "unlabelled", items, _Reader(path, [members[name] for name in names]))
    if len(folders) > 1 and folders[0]:
        raise InputError(
            f"{path} holds several sets: {', '.join(folders)}.", fix="Unpack it and name the folder of one of them."
        )
    base = f"{folders[0]}/" if folders[0] else ""
    origin = f"{path}:{base}{LABELS}"
    items = parse_labels(_Reader(path, [members[base + LABELS]])(0), origin)
    check_present(items, {name.removeprefix(base) for name in members if name.startswith(base)}, origin)
    return EncodedSource(str(path), "text", items, _Reader(path, [members[base + item.name] for item in items]))


def _members(path: Path) -> dict[str, tuple[int, int]]:
    """Offset and size of each file in the archive."""
    try:
        with tarfile.open(path, "r:") as archive:
            members = {m.name.removeprefix("./"): (m.offset_data, m.size) for m in archive if m.isfile()}
            end = archive.offset
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(
            f"{path} cannot be read as a tar archive: {error}.",
            "It is truncated, compressed (only plain .tar can be read in place) or something else.",
            "Fetch it again, or unpack it and name the folder.",
        ) from None
    if not _has_end(path, end):
        raise InputError(
            f"{path} is truncated or damaged: it ends after {len(members)} files.", fix="Fetch the archive again."
        )
    return members


def _has_end(path: Path, offset: int) -> bool:
    """Whether the zeros that end a complete archive are at `offset`, where tarfile found no further header."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)


class _Reader:
    """Reads members by offset with `pread`, which several threads can do at the same time with one file."""

    def __init__(self, path: Path, places: list[tuple[int, int]]) -> None:
        self._file = path.open("rb")
        self._places = places

    def __call__(self, index: int) -> bytes:
        offset, size = self._places[index]
        return os.pread(self._file.fileno(), size, offset)
