"""Where Pillow keeps the pixels of a picture: by Arrow's C data interface, without a copy, if it can tell."""

from __future__ import annotations

import ctypes

import PIL
from PIL import Image

_SAFE_SINCE = 13
"""Version of Pillow. Earlier ones tell wrong pixels where rows lie apart, and crash on a picture over a buffer."""


class _Array(ctypes.Structure):
    """`ArrowArray` (arrow.apache.org, C data interface), as far as its buffers."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ]


def pixels_of(picture: Image.Image) -> tuple[object, int]:
    """What keeps the pixels `[height, width, channels]` of a picture in memory, and where they are.

    Args:
        picture: in mode `L` or `RGB`.
    """
    if _pointer is not None and picture.mode == "L":  # pixels in colour take four bytes there
        try:
            _, array = picture.__arrow_c_array__()
        except ValueError:  # several blocks, or rows that do not lie together
            pass
        else:
            return array, _Array.from_address(_pointer(array, b"arrow_array")).buffers[1]
    pixels = picture.tobytes()
    return pixels, ctypes.cast(ctypes.c_char_p(pixels), ctypes.c_void_p).value or 0


def _capsule_pointer() -> ctypes._FuncPointer | None:
    """Python's function for the pointer in a capsule; None where it would not be safe to use."""
    if int(PIL.__version__.split(".")[0]) < _SAFE_SINCE or not hasattr(ctypes, "pythonapi"):
        return None
    function = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    return function(("PyCapsule_GetPointer", ctypes.pythonapi))


_pointer = _capsule_pointer()
