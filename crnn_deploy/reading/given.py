"""Images as programs have them: paths, encoded bytes, files, Pillow's images, NumPy arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.clip import Clip, ImageOrClip
from crnn_deploy.data.depth import eight_bit_values
from crnn_deploy.data.picture import open_image
from crnn_deploy.data.sources.base import broken_image
from crnn_deploy.data.sources.container import Folder, is_file, read_image
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_IMAGE_FILE, MAX_IMAGE_PIXELS

ChannelOrder = Literal["RGB", "BGR"]
Given = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | NDArray[np.generic] | Clip
"""An image: a path, its encoded bytes, an open file, an image of Pillow, an array `[H, W]` or `[H, W, C]`; or a clip,
which may be an array `[T, H, W, C]`."""

_ORDERS = get_args(ChannelOrder)
_CHANNELS = (1, 3, 4)


def image_of(given: Given, name: str, order: ChannelOrder = "RGB") -> ImageOrClip:
    """An image as the sources of the package give it.

    Args:
        name: of the image in messages; a path names itself.
        order: of the channels of arrays; OpenCV has BGR. Arrays of four channels end with the opacity.

    Raises:
        InputError: naming the image if it cannot be read, or is something else.
    """
    if order not in _ORDERS:
        raise InputError(f"{order!r} is no order of channels.", fix="Give RGB or BGR.")
    if isinstance(given, Image.Image) and not given.width * given.height:
        raise broken_image(name, "it has no pixels")
    if isinstance(given, (Image.Image, Clip)):
        return given
    if isinstance(given, np.ndarray):
        return _of_array(given, name, order)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return open_image(bytes(given), name)
    if isinstance(given, (str, os.PathLike)):
        path = os.fspath(given)
        return open_image(content_of(path), str(path))
    if hasattr(given, "read") and not isinstance(given, type):
        return open_image(_rest(given, name), name)
    raise InputError(
        f"The image {name} is of the type {type(given).__name__}, which is none.",
        fix="Give a path, encoded bytes, an open file, an image of Pillow or a NumPy array; several as a list.",
    )


def content_of(path: str) -> bytes:
    """The bytes of an image's file. Raises `InputError` naming it if it is none, or can't be read."""
    if not is_file(Path(path)):
        raise InputError(
            f"{path or 'An empty path'} is no file.",
            "It does not exist, or is a folder, a pipe or a device.",
            "Check the path.",
        )
    try:
        return read_image(Folder(Path()), path)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise broken_image(path, reason) from None


def _rest(file: BinaryIO, name: str) -> bytes:
    """What is left in an open file."""
    try:
        content = file.read(MAX_IMAGE_FILE + 1)
    except (OSError, ValueError) as error:  # such as of a closed file
        raise broken_image(name, error) from None
    if not isinstance(content, bytes):
        raise InputError(f"The image {name} is a file of text.", fix='Open it with the mode "rb".')
    if len(content) > MAX_IMAGE_FILE:
        raise broken_image(name, f"it has more than {MAX_IMAGE_FILE:,} bytes")
    return content


def _of_array(pixels: NDArray[np.generic], name: str, order: ChannelOrder) -> ImageOrClip:
    if pixels.ndim == 4 and len(pixels):
        return Clip(len(pixels), lambda indices: (_still(pixels[index], name, order) for index in indices))
    return _still(pixels, name, order)


def _still(pixels: NDArray[np.generic], name: str, order: ChannelOrder) -> Image.Image:
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in _CHANNELS):
        first = pixels.ndim == 3 and pixels.shape[0] in _CHANNELS
        raise InputError(
            f"The image {name} is an array of {list(pixels.shape)}, which is no image.",
            "Its channels stand first, it seems." if first else "",
            "Give [H, W] or [H, W, C] with 1, 3 or 4 channels." + (" array.transpose(1, 2, 0)" if first else ""),
        )
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"The image {name} is an array of {pixels.dtype}.",
            "What is white in it is not known.",
            "Give uint8, where white is 255, or uint16.",
        )
    height, width = pixels.shape[:2]
    if not 0 < height * width <= MAX_IMAGE_PIXELS:
        raise broken_image(name, f"it has {width:,} × {height:,} pixels")
    values = eight_bit_values(pixels) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    elif values.ndim == 3 and order == "BGR":
        values = values[:, :, [2, 1, 0, 3][: values.shape[2]]]
    return Image.fromarray(np.ascontiguousarray(values))
