"""The files of a `.zip`, which is read without unpacking."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.index.extents import SameFile, check_image_bytes
from crnn_deploy.data.index.strings import Names
from crnn_deploy.errors import InputError

_HEADER = struct.Struct("<4s22xHH")  # of a member: signature, and the lengths of its name and its extra field
_SIGNATURE = b"PK\x03\x04"
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Member(NamedTuple):
    """Where a file is in the archive, and what the directory of the archive says about it."""

    header: int
    packed: int
    size: int
    deflated: bool
    checksum: int


class Zip:
    """A `Container` over an archive of stored or deflated files.

    Links are not followed. Files are read by offset with `pread`, which several threads can do at the same time.

    Raises:
        InputError: if the archive is broken, cut off or encrypted, compresses by another method, holds a path that
            leaves the folder that it would be unpacked to, or two files with one name.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._same = SameFile(path)
        self._members, self.links = _index(path)
        self._file = path.open("rb")

    def names(self) -> list[str]:
        return sorted(self._members)

    def has(self, name: str) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        return self._members[name].size

    def read(self, name: str, most: int | None = None) -> bytes:
        return _content(self._file.fileno(), self._members[name], most)

    def places(self, names: Names) -> Packed:
        members = np.array([self._members[name] for name in names], np.int64)
        return Packed(self._same, dict(zip(_Member._fields, members.T.copy(), strict=True)))

    def title(self, name: str) -> str:
        return f"{self.name}:{name}"


class Packed:
    """`Places` of images in an archive.

    Args:
        file: as it was before it was looked through.
        columns: `[N]`, int64, of what the directory of the archive says about them, by the names of `_Member`.

    Raises:
        KeyError: if a column is missing.
    """

    def __init__(self, file: SameFile, columns: Mapping[str, NDArray[Any]]) -> None:
        self._columns = {name: columns[name] for name in _Member._fields}
        self._file = file

    def __call__(self, index: int) -> bytes:
        header, packed, size, deflated, checksum = (int(column[index]) for column in self._columns.values())
        check_image_bytes(size)
        file = self._file.open()
        try:
            return _content(file, _Member(header, packed, size, bool(deflated), checksum))
        finally:
            os.close(file)

    def columns(self) -> Mapping[str, NDArray[Any]]:
        return self._columns


def _content(file: int, member: _Member, most: int | None = None) -> bytes:
    """The content of a file in an archive, or its first `most` bytes. Raises `OSError` if it is damaged."""
    wanted = member.size if most is None else min(member.size, most)
    signature, name_length, extra_length = _HEADER.unpack(_bytes(file, member.header, _HEADER.size))
    if signature != _SIGNATURE:
        raise OSError("the archive is damaged: the file is not where the directory of the archive says")
    packed = _bytes(file, member.header + _HEADER.size + name_length + extra_length, member.packed)
    data = _inflated(packed, wanted, whole=most is None) if member.deflated else packed[:wanted]
    if wanted == member.size and zlib.crc32(data) != member.checksum:
        raise OSError("the archive is damaged: the checksum of the file is wrong")
    return data


def _bytes(file: int, offset: int, size: int) -> bytes:
    data = os.pread(file, size, offset)
    if len(data) < size:
        raise OSError("the archive was cut off after it was opened")
    return data


def _inflated(packed: bytes, size: int, whole: bool) -> bytes:
    """The first `size` bytes of a deflated file, never more; with `whole` there must not be more."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(packed, size + whole)
    except zlib.error as error:
        raise OSError(f"the archive is damaged: {error}") from None
    if len(data) != size:
        raise OSError("the archive is damaged: the file has another size than the directory of the archive says")
    return data


def _index(path: Path) -> tuple[dict[str, _Member], int]:
    """The files of the archive by name, and the number of links."""
    members: dict[str, _Member] = {}
    links = 0
    length = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    # What zipfile raises on damaged directories depends on the Python version.
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, OverflowError, struct.error) as error:
        raise InputError(
            f"{path} cannot be read as a zip archive: {error}.",
            "It is truncated, damaged or something else.",
            "Fetch it again, or unpack it and name the folder.",
        ) from None
    for entry in entries:
        name = _name(entry)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind == stat.S_IFLNK:
            links += 1
        elif not name.endswith("/") and kind in (0, stat.S_IFREG):
            _check(entry, name, path, length)
            plain = name.removeprefix("./")
            if plain in members:
                raise _refusal(path, f"it holds two files named {plain[:300]}", "Make the archive again.")
            deflated = entry.compress_type == zipfile.ZIP_DEFLATED
            members[plain] = _Member(entry.header_offset, entry.compress_size, entry.file_size, deflated, entry.CRC)
    return members, links


def _check(entry: zipfile.ZipInfo, name: str, path: Path, length: int) -> None:
    """Raise `InputError` unless a file can be read in place and is as large as its packed bytes can make it."""
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        raise _refusal(path, f"the path {name[:300]} leaves the archive", "Make it with relative paths without '..'.")
    if entry.flag_bits & _ENCRYPTED:
        raise _refusal(path, f"{name[:300]} is encrypted", "Unpack it and name the folder.")
    if entry.compress_type not in _METHODS:
        method = zipfile.compressor_names.get(entry.compress_type, f"method {entry.compress_type}")  # type: ignore[attr-defined]
        raise _refusal(path, f"{name[:300]} is compressed by {method}", "Use 'deflate' or 'store', or a .tar.")
    if entry.header_offset < 0 or entry.header_offset + _HEADER.size + entry.compress_size > length:
        raise _refusal(path, f"{name[:300]} goes beyond the end of the archive", "Fetch it again.")
    most = max(limits.SMALL_INFLATION, limits.MAX_INFLATION * entry.compress_size)
    if entry.file_size > (most if entry.compress_type == zipfile.ZIP_DEFLATED else entry.compress_size):
        claim = f"{name[:300]} claims {entry.file_size:,} bytes, and has {entry.compress_size:,} in the archive"
        raise _refusal(path, claim, "Fetch or make the archive again.")


def _name(entry: zipfile.ZipInfo) -> str:
    """The relative path of a member, with slashes; many programs write UTF-8 without saying so."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _refusal(path: Path, why: str, fix: str) -> InputError:
    return InputError(f"{path} cannot be read: {why}.", "Archives are read in place and never unpacked.", fix)
