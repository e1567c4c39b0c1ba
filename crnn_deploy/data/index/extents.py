"""Where the encoded images are in one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.index.mapped import let_go


class Places(Protocol):
    """Where images are: reads them by their index. Threads and other processes may read at the same time."""

    def __call__(self, index: int) -> bytes:
        """The encoded bytes of an image. Raises `OSError` if it can't be read, or is larger than an image can be."""
        ...

    def columns(self) -> Mapping[str, NDArray[Any]]:
        """What has to be kept to find them again; empty where their names or their numbers are enough."""
        ...


class SameFile:
    """A file as it is now. It is opened for each image, in 3 µs, since thousands of shards can't be kept open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = _state(path.stat())

    def open(self) -> int:
        """A descriptor, which the caller closes. Raises `OSError` if the file has gone or changed since."""
        file = os.open(self.path, os.O_RDONLY)
        if _state(os.fstat(file)) != self._state:
            os.close(file)
            raise OSError(f"{self.path} changed after it was opened")
        return file


class Extents:
    """`Places` of images that are in a file as they are.

    Args:
        file: as it was before it was looked through.
        offset, size: `[N]`, int64, of each image in bytes.
    """

    def __init__(self, file: SameFile, offset: NDArray[np.int64], size: NDArray[np.int64]) -> None:
        self.offset = offset
        self.size = size
        self._file = file

    def __call__(self, index: int) -> bytes:
        offset, size = int(self.offset[index]), int(self.size[index])
        let_go(self.offset)  # 64 kB around each would stay in the memory
        let_go(self.size)
        check_image_bytes(size)
        file = self._file.open()
        try:
            return os.pread(file, size, offset)
        finally:
            os.close(file)

    def columns(self) -> dict[str, NDArray[Any]]:
        return {"offset": self.offset, "size": self.size}


def check_image_bytes(size: int) -> None:
    """Raise `OSError` if an encoded image is larger than an image can be."""
    if size > limits.MAX_IMAGE_FILE:
        raise OSError(f"it has {size:,} bytes, and at most {limits.MAX_IMAGE_FILE:,} are read")


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
