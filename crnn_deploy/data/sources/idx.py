"""Images and classes in MNIST's IDX files (http://yann.lecun.com/exdb/mnist describes the format)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from io import BufferedReader
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.sources.arrays import ArraySource, check_size
from crnn_deploy.data.sources.container import is_file
from crnn_deploy.errors import InputError

_UINT8 = 0x08
_MOST_DIMENSIONS = 4


def open_idx(path: Path) -> ArraySource:
    """Images from an IDX file, with the classes of the labels file beside it (`…-images-idx3…` → `…-labels-idx1…`).

    Raises:
        InputError: if a file is broken, or the labels file is missing.
    """
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if labels == path or not is_file(labels):
        raise InputError(f"{path} has no labels file beside it.", fix=f"Put {labels.name} into the same folder.")
    return ArraySource(str(path), _read(path), _read(labels), ())


def _read(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file, gzipped or not."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            shape = _shape(file)
            size = math.prod(shape)
            check_size(str(path), size, path.stat().st_size)
            data = file.read(size + 1)
        if len(data) != size:
            more = "more" if len(data) > size else f"only {len(data):,}"
            raise ValueError(f"it says {' × '.join(map(str, shape))} bytes, and holds {more}")
        return np.frombuffer(data, np.uint8).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path} cannot be read as IDX: {error}.", fix="Fetch the file again.") from None


def _shape(file: gzip.GzipFile | BufferedReader) -> tuple[int, ...]:
    zero, kind, found = struct.unpack(">HBB", file.read(4))
    if zero or kind != _UINT8:
        raise ValueError(f"it begins with {zero:04x}{kind:02x}, expected 000008: bytes")
    if found > _MOST_DIMENSIONS:
        raise ValueError(f"it has {found} dimensions, and images have at most {_MOST_DIMENSIONS}")
    return struct.unpack(f">{found}I", file.read(4 * found))
