"""Converts a PIL image to the network's input by the model's `Preprocessing`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.center_line import is_squeezed, straightened
from crnn_deploy.data.linear import linear
from crnn_deploy.data.picture import picture, seen_size
from crnn_deploy.preprocessing import Preprocessing

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class Preprocessor:
    """Resizes, normalises and pads single images; stateless, so threads may share one."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        self._mean = np.array(preprocessing.mean, np.float32)
        self._std = np.array(preprocessing.std, np.float32)
        self._colour = _padding_colour(preprocessing)

    def size(self, image: Image.Image) -> int:
        """Padded width of `image` in pixels; reads only its header, except where the center line decides.

        Raises:
            InputError: if the center line decides, and the pixels cannot be decoded.
        """
        return self.preprocessing.with_padding(self._resized_width(image))

    def line_size(self, image: Image.Image) -> int:
        """Columns of the padded `image` that hold the line, from the left: `Preprocessing.line_width`.

        Raises:
            InputError: if the center line decides, and the pixels cannot be decoded.
        """
        return self.preprocessing.line_width(self._resized_width(image))

    def _resized_width(self, image: Image.Image) -> int:
        if self.preprocessing.centerline:
            return len(self.pixels(image, "of this width")[0])
        return self.preprocessing.resized_width(*seen_size(image))

    def squeezes(self, image: Image.Image, name: str) -> bool:
        """Whether `image` is squeezed; reads only its header, except where the center line decides.

        Raises:
            InputError: naming the image, if the center line decides, and the pixels cannot be decoded.
        """
        if self.preprocessing.centerline:
            return is_squeezed(self.picture(image, name), self.preprocessing)
        return self.preprocessing.squeezes(*seen_size(image))

    def pixels(self, image: Image.Image, name: str) -> NDArray[np.uint8]:
        """Decode and resize to `[height, width, channels]`, not yet padded.

        Raises:
            InputError: naming the image, if its pixels cannot be decoded.
        """
        return self.resized(self.picture(image, name))

    def picture(self, image: Image.Image, name: str) -> Image.Image:
        """Decode to the upright picture in mode `L` or `RGB`. Raises `InputError` naming the image if it is broken."""
        p = self.preprocessing
        return picture(image, name, "L" if p.channels == "L" and not p.grey_last else "RGB")

    def resized(self, plain: Image.Image) -> NDArray[np.uint8]:
        """Resize a picture to `[height, width, channels]`, not yet padded on the right."""
        p = self.preprocessing
        if p.centerline:
            return straightened(plain, p)[:, :, np.newaxis]
        size = (p.resized_width(*plain.size), p.resized_height(*plain.size))
        resized = _resized(plain, size, p.resize)
        array = np.asarray(resized.convert("L") if p.channels == "L" else resized, np.uint8)
        array = array.reshape(size[1], size[0], p.channel_count)
        return self._with_rows(array[:, :, ::-1] if p.channels == "BGR" else array)

    def tensor(self, pixels: NDArray[np.uint8], width: int | None = None) -> NDArray[np.float32]:
        """Pad `[H, W, C]` to `width` (default: its own padded width), normalise to `[C, H, W']`."""
        p = self.preprocessing
        own = p.with_padding(pixels.shape[1])
        missing = (width or own) - pixels.shape[1] - p.margin
        left, right = self._columns(pixels[:, :1], p.margin), self._columns(pixels[:, -1:], max(0, missing))
        pixels = np.concatenate([left, pixels, right], axis=1)
        fractions = pixels.astype(np.float32) / np.float32(255)
        seen = 1 - fractions if p.invert else fractions
        mean, std = _statistics(seen[:, :own]) if p.normalise == "image" else (self._mean, self._std)
        normalised = (seen - mean) / std
        return np.ascontiguousarray(normalised.transpose(2, 0, 1))

    def _with_rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`[h, W, C]` with padding below it, up to the height of the input."""
        missing = self.preprocessing.height - pixels.shape[0]
        if not missing:
            return pixels
        below = self._columns(pixels[-1:].transpose(1, 0, 2), missing).transpose(1, 0, 2)
        return np.concatenate([pixels, below])

    def _columns(self, edge: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
        """Padding `[H, count, C]` beside the outermost column `[H, 1, C]`."""
        column = edge if self._colour is None else np.broadcast_to(self._colour, edge.shape)
        return np.repeat(column, count, axis=1)

    def __call__(self, image: Image.Image, name: str) -> NDArray[np.float32]:
        """`[C, H, W]` of one image, padded to its own width. Raises `InputError` naming the image if it is broken."""
        return self.tensor(self.pixels(image, name))


def _padding_colour(p: Preprocessing) -> NDArray[np.uint8] | None:
    """The colour `[C]`, or one grey level `[1]`, of what pads every line; None where its last column does."""
    if p.padding == "edge":
        return None
    bright = {"white": (1.0,), "black": (0.0,), "mean": p.mean}[p.padding]
    inverted = p.invert and p.padding == "mean"
    return np.rint([255 * min(1, max(0, 1 - b if inverted else b)) for b in bright]).astype(np.uint8)


def _resized(plain: Image.Image, size: tuple[int, int], filter_name: str) -> Image.Image:
    """`plain` on another size (width, height) by one of the spec's filters."""
    if filter_name == "linear":
        return Image.fromarray(linear(np.asarray(plain), *size))
    return plain.resize(size, _FILTERS[filter_name])


def _statistics(image: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """Mean and deviation of all values of an image, which is not blank enough to divide by nothing."""
    values = image.astype(np.float64)
    return np.float32(values.mean()), np.float32(max(values.std(), 1 / 255 / np.sqrt(values.size)))
