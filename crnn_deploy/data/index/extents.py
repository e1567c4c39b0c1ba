"""Where the encoded images are in one file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits


class Extents:
    """The bytes of `N` images in a file. Several threads and forked processes may read at the same time.

    Args:
        offset, size: `[N]`, int64, of each image in bytes.
    """

    def __init__(self, path: Path, offset: NDArray[np.int64], size: NDArray[np.int64]) -> None:
        self.offset = offset
        self.size = size
        self._file = path.open("rb")

    def __call__(self, index: int) -> bytes:
        """The encoded bytes of an image.

        Raises:
            OSError: if the file was cut off since, or the image is larger than an image can be.
        """
        size = int(self.size[index])
        if size > limits.MAX_IMAGE_FILE:
            raise OSError(f"it has {size:,} bytes, and at most {limits.MAX_IMAGE_FILE:,} are read")
        data = os.pread(self._file.fileno(), size, int(self.offset[index]))
        if len(data) < size:
            raise OSError("its file was cut off after it was opened")
        return data
