"""Where arrays are in memory, for functions of the library."""

from __future__ import annotations

import ctypes
from typing import Any

from numpy.typing import NDArray


def place_of(array: NDArray[Any]) -> int:
    """The address of an array that is not empty and can be written to.

    `array.ctypes.data` is the same, by several calls in Python, which may take longer than the library for a line.
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type] # arrays are buffers
