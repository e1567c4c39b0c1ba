"""The files of a `.tar`, which is read without unpacking."""

from __future__ import annotations

import os
import re
import tarfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from crnn_deploy import limits
from crnn_deploy.data.index.extents import Extents, SameFile
from crnn_deploy.data.index.strings import Names
from crnn_deploy.errors import InputError


class Tar:
    """A `Container` over an archive. Of several files with one name the last counts, as where it is unpacked.

    Links are not followed. Files are read by offset with `pread`, which several threads can do at the same time.

    Raises:
        InputError: if the archive is broken, cut off, compressed, or holds sparse files.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._same = SameFile(path)
        self._places, self.links = _index(path)
        self._file = path.open("rb")

    def names(self) -> list[str]:
        return sorted(self._places)

    def has(self, name: str) -> bool:
        return name in self._places

    def size(self, name: str) -> int:
        return self._places[name][1]

    def read(self, name: str, most: int | None = None) -> bytes:
        offset, size = self._places[name]
        data = os.pread(self._file.fileno(), size if most is None else min(size, most), offset)
        if len(data) < size and most is None:
            raise OSError("the archive was cut off after it was opened")
        return data

    def places(self, names: Names) -> Extents:
        places = np.array([self._places[name] for name in names], np.int64)
        return Extents(self._same, places[:, 0].copy(), places[:, 1].copy())

    def title(self, name: str) -> str:
        return f"{self.name}:{name}"


_DIGITS = re.compile(rb"\d{256}")


class _HeaderFile:
    """The file as `tarfile` reads it: only forwards, and no header larger than a limit.

    A damaged size can make `tarfile` go back and read the same headers for ever, or read a name of gigabytes. Its
    pattern for extended headers takes minutes for long numbers (CVE-2024-6232); no name of a file is that long.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._furthest = 0

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> int:
        if position < self._furthest:
            raise tarfile.ReadError("a member has a negative size")
        self._furthest = position
        return self._file.seek(position)

    def read(self, size: int) -> bytes:
        if size < 0 or size > limits.MAX_TAR_HEADER:
            raise tarfile.ReadError(f"a header has {size:,} bytes, and at most {limits.MAX_TAR_HEADER:,} are read")
        data = self._file.read(size)
        if size > tarfile.BLOCKSIZE and _DIGITS.search(data):
            raise tarfile.ReadError("a header holds a number of more than 255 digits")
        return data


def _index(path: Path) -> tuple[dict[str, tuple[int, int]], int]:
    """Offset and size of each file in the archive, and the number of links."""
    places: dict[str, tuple[int, int]] = {}
    files = links = 0
    length = path.stat().st_size
    try:
        with path.open("rb") as file, tarfile.open(path, "r:", _HeaderFile(file)) as archive:  # type: ignore[call-overload]
            for member in archive:
                if member.issparse():
                    raise tarfile.ReadError(f"{member.name} is stored as a sparse file")
                if member.isfile():
                    if member.size < 0 or member.offset_data + member.size > length:
                        raise tarfile.ReadError(f"{member.name} goes beyond the end of the archive")
                    files += 1
                    places[_name(member)] = (member.offset_data, member.size)
                elif member.islnk() or member.issym():
                    links += 1
                    places.pop(_name(member), None)  # it takes the place of an earlier file
            end = archive.offset
    # What tarfile raises on damaged extended headers depends on the Python version.
    except (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as a tar archive: {error}.",
            "It is truncated, compressed (of tar archives only plain .tar can be read in place) or something else.",
            "Fetch it again, or unpack it and name the folder.",
        ) from None
    if not _has_end(path, end):
        raise InputError(
            f"{path} is truncated or damaged: it ends after {files} files.", fix="Fetch the archive again."
        )
    return places, links


def _name(member: tarfile.TarInfo) -> str:
    """The relative path of a member, as it is unpacked."""
    return member.name.lstrip("/").removeprefix("./")


def _has_end(path: Path, offset: int) -> bool:
    """Whether the zeros that end a complete archive are at `offset`, where tarfile found no further header."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)
