"""Images and classes in NumPy's NPZ files."""

from __future__ import annotations

import lzma
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.sources.arrays import ArraySource, check_size
from crnn_deploy.data.sources.clip_arrays import ClipArraySource
from crnn_deploy.data.sources.container import is_file
from crnn_deploy.data.sources.npz_vectors import numbers_of
from crnn_deploy.data.sources.vectors import NO_NUMBERS
from crnn_deploy.errors import InputError

_CLIP_KEYS = ("clips",)  # [N, T, H, W] of another name could be images that are stored in another order
_IMAGE_KEYS = ("x", "images", "image", "data", "arr_0")
_LABEL_KEYS = ("y", "labels", "label", "targets", "arr_1")
_LENGTHS, _VECTORS, _VECTOR_NAMES = "lengths", "vectors", "vector_names"
# What zipfile and its decompressors raise on damage; RuntimeError also on a password and on unknown compression.
_DAMAGE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, OverflowError)
# What the parser of a .npy header, which is Python text, raises on odd texts.
_ODD_HEADER = (MemoryError, RecursionError, SyntaxError, TypeError, tokenize.TokenError)


def open_npz(path: Path) -> ArraySource:
    """Images and classes from an NPZ file, and class names from a `classes.txt` beside it with one name in each line.

    An array with five axes, `[N, T, H, W, C]`, holds clips, and one called `clips` may have four, `[N, T, H, W]`. An
    array `lengths` `[N]` says how many of the T stills each clip has; the others are not read. Numbers beside the
    pictures are an array `vectors` `[N, K]`, with names in `vector_names` `[K]`, or without them v0, v1 and so on.

    Only these arrays are read, after their headers were compared with what the file holds.

    Raises:
        InputError: if the file is broken, or no array in it has one of the usual names.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy").lower(): entry for entry in archive.infolist()}
            images = _first(entries, (*_CLIP_KEYS, *_IMAGE_KEYS))
            classes = _first(entries, _LABEL_KEYS)
            if images is None:
                raise InputError(
                    f"{path} holds {', '.join(list(entries)[:20])}, but no images.",
                    fix=f"Name the array one of {', '.join(_IMAGE_KEYS)}.",
                )
            beside = [entries.get(key) for key in (_LENGTHS, _VECTORS, _VECTOR_NAMES)]
            for entry in filter(None, (images, classes, *beside)):
                _check(archive, entry, path)
            pixels = _read(archive, images)
            labels = None if classes is None else _read(archive, classes)
            lengths, vectors, names = (None if entry is None else _read(archive, entry) for entry in beside)
    except (*_DAMAGE, *_ODD_HEADER) as error:
        raise InputError(
            f"{path} cannot be read as NPZ ({type(error).__name__}).",
            "It is truncated, something else, or holds pickled objects, which are never loaded.",
            "Make the file again, with np.savez and plain arrays.",
        ) from None
    source, count = str(path), len(pixels) if pixels.ndim else 0
    class_names = _class_names(path.with_name("classes.txt"))
    numbers = NO_NUMBERS if vectors is None else numbers_of(vectors, names, count, source)
    if pixels.ndim == 5 or images.filename.removesuffix(".npy").lower() in _CLIP_KEYS:
        return ClipArraySource(source, pixels, labels, class_names, lengths, numbers)
    if lengths is not None:
        raise InputError(
            f"{path} holds lengths of clips, but images of shape {pixels.shape}.",
            fix="Store clips as [N, T, H, W, C], or as [N, T, H, W] in an array named clips.",
        )
    return ArraySource(source, pixels, labels, class_names, numbers)


def _first(entries: Mapping[str, zipfile.ZipInfo], keys: Sequence[str]) -> zipfile.ZipInfo | None:
    return next((entries[key] for key in keys if key in entries), None)


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
