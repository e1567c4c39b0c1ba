"""Where the encoded images are in one file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits


class Extents:
    """The bytes of `N` images in a file. Threads and other processes may read at the same time.

    The file is opened for each image, in 3 µs: thousands of shards can't be kept open.

    Args:
        offset, size: `[N]`, int64, of each image in bytes.
    """

    def __init__(self, path: Path, offset: NDArray[np.int64], size: NDArray[np.int64]) -> None:
        self.path = path
        self.offset = offset
        self.size = size
        self._state = _state(path.stat())

    def __call__(self, index: int) -> bytes:
        """The encoded bytes of an image.

        Raises:
            OSError: if the file has gone or changed since, or the image is larger than an image can be.
        """
        size = int(self.size[index])
        check_image_bytes(size)
        file = os.open(self.path, os.O_RDONLY)
        try:
            if _state(os.fstat(file)) != self._state:
                raise OSError(f"{self.path} changed after it was opened")
            return os.pread(file, size, int(self.offset[index]))
        finally:
            os.close(file)


def check_image_bytes(size: int) -> None:
    """Raise `OSError` if an encoded image is larger than an image can be."""
    if size > limits.MAX_IMAGE_FILE:
        raise OSError(f"it has {size:,} bytes, and at most {limits.MAX_IMAGE_FILE:,} are read")


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
