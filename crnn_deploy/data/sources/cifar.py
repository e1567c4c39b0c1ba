"""CIFAR-10 and CIFAR-100 in the archives of their authors (https://www.cs.toronto.edu/~kriz/cifar.html).

The binary version is read: records of one label (CIFAR-100: the coarse and the fine one), then 32 × 32 pixels of red,
green and blue. The Python version holds pickles, which are never loaded.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from crnn_deploy import limits
from crnn_deploy.data.sources.arrays import ArraySource, check_size
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

PARTS = ("train", "test")
_SHAPE = (3, 32, 32)
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class _Layout:
    """Where a set has the names of its classes, and the images of each part; `md5` is that of the authors' archive."""

    title: str
    names: str
    parts: dict[str, tuple[str, ...]]
    labels: int  # bytes before the pixels; the last one is the class
    md5: str


_LAYOUTS = (
    _Layout(
        "CIFAR-100",
        "fine_label_names.txt",
        {"train": ("train.bin",), "test": ("test.bin",)},
        2,
        "03b5dce01913d631647c71ecec9e9cb8",
    ),
    _Layout(
        "CIFAR-10",
        "batches.meta.txt",
        {"train": tuple(f"data_batch_{n}.bin" for n in range(1, 6)), "test": ("test_batch.bin",)},
        1,
        "c32a1d4ab5d03f1284b67883e8d87530",
    ),
)
_BINARY = {name for layout in _LAYOUTS for files in layout.parts.values() for name in files}
_PICKLED = ("cifar-100-python/train", "cifar-10-batches-py/data_batch_1")


def is_cifar(path: Path) -> bool:
    """Whether a file is one of these archives, by the files in it; of others only the first are looked at.

    Raises:
        InputError: if it is the Python version.
    """
    with path.open("rb") as file:
        if file.read(len(_GZIP)) != _GZIP:
            return False
    try:
        for name, _, _ in _members(path, limits.SMALL_INFLATION):
            if name in _PICKLED:
                raise InputError(
                    f"{path} is the Python version of CIFAR, which holds pickles.",
                    "Pickles can run any code, and are never loaded.",
                    "Take the binary version: cifar-10-binary.tar.gz or cifar-100-binary.tar.gz.",
                )
            if PurePosixPath(name).name in _BINARY:
                return True
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        pass  # so it is something else, or damaged before the first file that tells
    return False


def open_cifar(path: Path, part: str, progress: Progress) -> ArraySource:
    """The images of a part with their (fine) classes.

    An archive with another checksum than the authors' is read if it is complete, and `progress` is told.

    Args:
        part: `train` or `test`; empty if none was named.

    Raises:
        InputError: if no part was named, or the archive is cut off, damaged or incomplete.
    """
    if not part:
        raise InputError(
            f"{path} holds two parts: train and test.", fix=f"Name one of them: train:{path} or test:{path}."
        )
    files = _read(path, part)
    layout = next((each for each in _LAYOUTS if each.names in files), None)
    missing = _LAYOUTS[0].names if layout is None else next((n for n in layout.parts[part] if n not in files), None)
    if layout is None or missing is not None:
        raise InputError(f"{path} lacks {missing}.", "It is not the archive of the authors.", "Fetch it again.")
    if _md5(path) != layout.md5:
        progress.log(f"! {path} is complete, but not the archive of {layout.title}'s authors: its MD5 is another one")
    class_names = tuple(filter(None, files[layout.names].decode("utf-8", "replace").splitlines()))
    records = np.concatenate([_records(files[name], layout.labels, f"{name} in {path}") for name in layout.parts[part]])
    pixels = records[:, layout.labels :].reshape(-1, *_SHAPE).transpose(0, 2, 3, 1)
    classes = records[:, layout.labels - 1].astype(np.int64)
    return ArraySource(f"{part}:{path}", np.ascontiguousarray(pixels), classes, class_names)


def _records(data: bytes, labels: int, name: str) -> np.ndarray:
    """`[N, labels + 3072]` bytes."""
    size = labels + 3 * 32 * 32
    if len(data) % size:
        raise InputError(f"{name} is no whole number of images: it has {len(data):,} bytes.", fix="Fetch it again.")
    return np.frombuffer(data, np.uint8).reshape(-1, size)


def _read(path: Path, part: str) -> dict[str, bytes]:
    """The files that a part needs, by the last part of their names.

    All of the archive is read, so that the checksum of gzip, which is at its end, is compared.
    """
    wanted = {name for layout in _LAYOUTS for name in (layout.names, *layout.parts[part])}
    found = {}
    try:
        for name, size, file in _members(path):
            last = PurePosixPath(name).name
            if last in wanted and last not in found:
                if size > limits.MAX_CIFAR_FILE:
                    raise tarfile.ReadError(
                        f"{last} has {size:,} bytes, and at most {limits.MAX_CIFAR_FILE:,} are read"
                    )
                found[last] = _exactly(file, size)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read: {error}.",
            "It was cut off while it was fetched, or is damaged.",
            "Fetch it again.",
        ) from None
    return found


def _members(path: Path, most: int | None = None) -> Iterator[tuple[str, int, gzip.GzipFile]]:
    """Name and size of each plain file of a gzipped tar, and the stream at its first byte.

    Args:
        most: bytes of the unpacked archive that are read; None: all, up to what such archives can have.

    Raises:
        tarfile.TarError, OSError, EOFError, zlib.error: if the archive is damaged or cut off.
        InputError: if it claims more than it can hold.
    """
    compressed = path.stat().st_size
    with gzip.open(path) as file:
        while (header := file.read(tarfile.BLOCKSIZE)) != bytes(tarfile.BLOCKSIZE):
            if len(header) < tarfile.BLOCKSIZE:
                raise tarfile.ReadError("it ends within a file")
            member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
            begin, size = file.tell(), max(0, member.size)
            if most is not None and begin > most:
                return
            check_size(str(path), begin + size, compressed)
            if member.isreg():
                yield member.name, size, file
            _skip(file, begin + -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE, most)
        while most is None and file.read(_CHUNK):  # up to the checksum
            pass


def _skip(file: gzip.GzipFile, position: int, most: int | None) -> None:
    """Read on to a position."""
    if most is not None:
        position = min(position, most + 1)
    while (left := position - file.tell()) > 0:
        if not file.read(min(left, _CHUNK)):
            raise EOFError("it ends within a file")


def _exactly(file: gzip.GzipFile, size: int) -> bytes:
    data = io.BytesIO()
    while (left := size - data.tell()) > 0:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise EOFError("it ends within a file")
        data.write(chunk)
    return data.getvalue()


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
