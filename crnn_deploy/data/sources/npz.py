"""Images and classes in NumPy's NPZ files."""

from __future__ import annotations

import lzma
import math
import tokenize
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.sources.arrays import ArraySource, check_size
from crnn_deploy.data.sources.container import is_file
from crnn_deploy.data.sources.layouts.columns import column_name
from crnn_deploy.data.sources.vectors import NO_NUMBERS, Numbers
from crnn_deploy.errors import InputError

_IMAGE_KEYS = ("x", "images", "image", "data", "arr_0")
_LABEL_KEYS = ("y", "labels", "label", "targets", "arr_1")
_VECTORS, _VECTOR_NAMES = "vectors", "vector_names"
# What zipfile and its decompressors raise on damage; RuntimeError also on a password and on unknown compression.
_DAMAGE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OverflowError)
# What the parser of a .npy header, which is Python text, raises on odd texts.
_ODD_HEADER = (MemoryError, RecursionError, SyntaxError, TypeError, tokenize.TokenError)


def open_npz(path: Path) -> ArraySource:
    """Images and classes from an NPZ file, and class names from a `classes.txt` beside it with one name in each line.

    Numbers beside the pictures are an array `vectors` `[N, K]`, with names in `vector_names` `[K]`, or without them v0,
    v1 and so on. Only these arrays are read, after their headers were compared with what the file holds.

    Raises:
        InputError: if the file is broken, or no array in it has one of the usual names.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy").lower(): entry for entry in archive.infolist()}
            images = next((entries[key] for key in _IMAGE_KEYS if key in entries), None)
            classes = next((entries[key] for key in _LABEL_KEYS if key in entries), None)
            if images is None:
                raise InputError(
                    f"{path} holds {', '.join(list(entries)[:20])}, but no images.",
                    fix=f"Name the array one of {', '.join(_IMAGE_KEYS)}.",
                )
            beside = [entries.get(key) for key in (_VECTORS, _VECTOR_NAMES)]
            for entry in filter(None, (images, classes, *beside)):
                _check(archive, entry, path)
            pixels = _read(archive, images)
            numbers = None if classes is None else _read(archive, classes)
            vectors, names = (None if entry is None else _read(archive, entry) for entry in beside)
    except (*_DAMAGE, *_ODD_HEADER) as error:
        raise InputError(
            f"{path} cannot be read as NPZ ({type(error).__name__}).",
            "It is truncated, something else, or holds pickled objects, which are never loaded.",
            "Make the file again, with np.savez and plain arrays.",
        ) from None
    source = str(path)
    beside_them = NO_NUMBERS if vectors is None else _numbers(vectors, names, len(pixels) if pixels.ndim else 0, source)
    return ArraySource(source, pixels, numbers, _class_names(path.with_name("classes.txt")), beside_them)


def _numbers(vectors: NDArray[Any], names: NDArray[Any] | None, count: int, source: str) -> Numbers:
    """The numbers of an array, with their names.

    Raises:
        InputError: if the array is none of a vector for each of `count` pictures, or the names are none for it.
    """
    if vectors.dtype.kind not in "iufb" or vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:
        raise InputError(
            f"vectors in {source} is {vectors.dtype} of shape {vectors.shape}, and there are {count:,} pictures.",
            fix=f"Store numbers of shape [{count}, K], with a row for each picture.",
        )
    if vectors.shape[1] > limits.MAX_VECTOR:
        raise InputError(f"vectors in {source} has {vectors.shape[1]:,} columns; {limits.MAX_VECTOR:,} are possible.")
    called = [f"v{number}" for number in range(vectors.shape[1])]
    if names is not None:
        if names.shape != vectors.shape[1:] or names.dtype.kind != "U":
            raise InputError(
                f"vector_names in {source} is {names.dtype} of shape {names.shape}.",
                fix=f"Store {vectors.shape[1]} texts, the names of the columns of vectors.",
            )
        called = [column_name(name) for name in names.tolist()]
    if len(set(called)) < len(called) or not all(0 < len(name) <= limits.MAX_TEXT for name in called):
        raise InputError(
            f"vector_names in {source} names a column twice, or not at all.", fix="Give each a short name of its own."
        )

    def read(wanted: tuple[str, ...]) -> NDArray[np.float64]:
        rows = vectors[:, [called.index(name) for name in wanted]].astype(np.float64)
        if not np.isfinite(rows).all():
            row, column = np.argwhere(~np.isfinite(rows))[0]
            raise InputError(
                f"vectors in {source} has {rows[row, column]} for {wanted[column]} of picture {row}.",
                "Each number of a vector must be known for each picture.",
                "Store finite numbers, or leave the picture out.",
            )
        return rows

    return Numbers(tuple(called), read)


def _check(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    """Raise `InputError` or `ValueError` unless an array is of plain numbers, and as large as its header says."""
    name = f"{PurePosixPath(entry.filename).name} in {path}"
    check_size(name, entry.file_size, min(entry.compress_size, path.stat().st_size))
    with archive.open(entry) as file:
        shape, kind = _header(file)
        begin = file.tell()
    if kind.hasobject:
        raise ValueError("Python objects")
    if math.prod(shape) * kind.itemsize != entry.file_size - begin:
        raise InputError(
            f"{name} says that it holds {' × '.join(map(str, shape)) or 'one'} of {kind}, "
            f"but has {entry.file_size - begin:,} bytes.",
            "It is damaged.",
            "Make the file again.",
        )


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of a .npy array."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file, max_header_size=limits.MAX_ARRAY_HEADER)
    return shape, kind


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as file:
        array: NDArray[Any] = np.lib.format.read_array(
            file, allow_pickle=False, max_header_size=limits.MAX_ARRAY_HEADER
        )
    return array


def _class_names(path: Path) -> tuple[str, ...]:
    if not is_file(path):
        return ()
    if path.stat().st_size > limits.MAX_CLASS_FILE:
        raise InputError(f"{path} has {path.stat().st_size:,} bytes, which are no class names.", fix="Move it away.")
    try:
        return tuple(name for name in path.read_text(encoding="utf-8-sig").split("\n") if name)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}.", fix="Save it as UTF-8.") from None
