"""Resizes, normalises and pads a picture in one call of the library, with the numbers that Pillow and NumPy give."""

from __future__ import annotations

from struct import Struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.native import library_function
from crnn_deploy.native.picture_pixels import pixels_of
from crnn_deploy.native.places import place_of

_NAME = "crnn_deploy_line_input"
FILTERS = ("bilinear", "bicubic", "lanczos")
VALUES = 257  # of each byte, and of padding
LARGEST = 1 << 22  # pixels; for larger pictures Pillow is as quick, and needs less memory

_LINE = Struct("@3P11i")
"""`LineInput` of line_input.cc. A `ctypes.Structure` would take some microseconds more for each line."""


class LineInput:
    """Makes inputs of one kind.

    Args:
        filter_name: one of `FILTERS`.
        values: `[C, 257]` the input's value of each byte of a channel, and that of padding.
        reverse: whether the input has the channels in the reverse order.
        edge: whether the outermost columns and the last row are the padding.
        left: columns of padding before a picture.
    """

    def __init__(self, filter_name: str, values: NDArray[np.float32], reverse: bool, edge: bool, left: int) -> None:
        assert values.shape[1] == VALUES
        self._values = np.ascontiguousarray(values, np.float32)
        self._left = left
        self._fixed = len(values), FILTERS.index(filter_name), reverse, edge, left

    def __call__(
        self, picture: Image.Image, new_size: tuple[int, int], input_size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """The input `[C, height, width]` of `input_size`; sizes are (width, height).

        Args:
            picture: in mode `L`, or `RGB` for three channels.
            new_size: of the picture in the input.
        """
        channels = len(self._values)
        assert picture.mode == ("L" if channels == 1 else "RGB")
        assert min(*picture.size, *new_size) > 0
        assert new_size[0] + self._left <= input_size[0]
        assert new_size[1] <= input_size[1]
        made = np.empty((channels, input_size[1], input_size[0]), np.float32)
        _keeps_them, pixels = pixels_of(picture)
        places = pixels, place_of(made), place_of(self._values)
        line = _LINE.pack(*places, *picture.size, *new_size, *input_size, *self._fixed)
        if library_function(_NAME)(line):
            raise MemoryError
        return made


def available() -> bool:
    """Whether the library is there and can be loaded."""
    return library_function(_NAME) is not None
