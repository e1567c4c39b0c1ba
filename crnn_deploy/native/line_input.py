"""Resizes, normalises and pads a picture in one call of the library, with the numbers that Pillow and NumPy give."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.native import library_function

_NAME = "crnn_deploy_line_input"
FILTERS = ("bilinear", "bicubic", "lanczos")
VALUES = 257  # of each byte, and of padding
LARGEST = 1 << 22  # pixels; for larger pictures Pillow is as quick, and needs less memory


class _Line(ctypes.Structure):
    """`LineInput` of line_input.cc."""

    _fields_ = [
        ("pixels", ctypes.c_char_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("channels", ctypes.c_int32),
        ("new_width", ctypes.c_int32),
        ("new_height", ctypes.c_int32),
        ("filter", ctypes.c_int32),
        ("values", ctypes.c_void_p),
        ("reversed", ctypes.c_int32),
        ("edge", ctypes.c_int32),
        ("input", ctypes.c_void_p),
        ("input_width", ctypes.c_int32),
        ("input_height", ctypes.c_int32),
        ("left", ctypes.c_int32),
    ]


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
        self._fixed = {"filter": FILTERS.index(filter_name), "reversed": reverse, "edge": edge, "left": left}

    def __call__(
        self, pixels: bytes, size: tuple[int, int], new_size: tuple[int, int], input_size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """The input `[C, height, width]` of `input_size`; sizes are (width, height).

        Args:
            pixels: `[height, width, C]` of `size`.
            new_size: of the picture in the input.
        """
        channels = len(self._values)
        assert len(pixels) == size[0] * size[1] * channels
        assert min(*size, *new_size) > 0
        assert new_size[0] + self._fixed["left"] <= input_size[0]
        assert new_size[1] <= input_size[1]
        made = np.empty((channels, input_size[1], input_size[0]), np.float32)
        line = _Line(
            pixels, *size, channels, *new_size, values=self._values.ctypes.data, input=made.ctypes.data, **self._fixed
        )
        line.input_width, line.input_height = input_size
        if library_function(_NAME)(ctypes.byref(line)):
            raise MemoryError
        return made


def available() -> bool:
    """Whether the library is there and can be loaded."""
    return library_function(_NAME) is not None
