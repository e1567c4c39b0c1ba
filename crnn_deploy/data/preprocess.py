"""Converts a PIL image, or a clip, to the network's input by the model's `Preprocessing`."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.center_line import is_squeezed, straightened
from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.linear import linear
from crnn_deploy.data.picture import picture, seen_size
from crnn_deploy.data.stills import as_clip, as_single, pictures_of, seen_stills
from crnn_deploy.native.line_input import FILTERS, LARGEST, VALUES, LineInput, available
from crnn_deploy.preprocessing import Preprocessing

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class Preprocessor:
    """Resizes, normalises and pads single images and clips; stateless, so threads may share one."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        self._mean = np.array(preprocessing.mean, np.float32).reshape(-1, 1, 1)
        self._std = np.array(preprocessing.std, np.float32).reshape(-1, 1, 1)
        self._colour = padding_colour(preprocessing)
        seen_grey = preprocessing.channels == "L" and not preprocessing.grey_last
        self._mode: Literal["L", "RGB"] = "L" if seen_grey else "RGB"

    def size(self, image: ImageOrClip, name: str = "An image") -> int:
        """Size of the input for `image`: its padded width in pixels, or the stills of a clip.

        It reads only the header, except where the center line decides.

        Raises:
            InputError: if it is a clip and the network sees single images, or the other way round; or if the center
                line decides, and the pixels cannot be decoded.
        """
        clips = self.preprocessing.clips
        if clips is not None:
            return len(seen_stills(as_clip(image, name), clips, name))
        return self.preprocessing.with_padding(self._resized_width(as_single(image, name)))

    def line_size(self, image: ImageOrClip) -> int:
        """Columns of the padded `image` that hold the line, from the left: `Preprocessing.line_width`.

        Raises:
            InputError: if the center line decides, and the pixels cannot be decoded.
        """
        return self.preprocessing.line_width(self._resized_width(image))

    def _resized_width(self, image: ImageOrClip) -> int:
        if self.preprocessing.centerline:
            return len(self.pixels(image, "of this width")[0])
        return self.preprocessing.resized_width(*seen_size(image))

    def squeezes(self, image: ImageOrClip, name: str) -> bool:
        """Whether `image` is squeezed; reads only its header, except where the center line decides.

        Raises:
            InputError: naming the image, if the center line decides, and the pixels cannot be decoded.
        """
        if self.preprocessing.centerline:
            return is_squeezed(self.picture(image, name), self.preprocessing)
        return self.preprocessing.squeezes(*seen_size(image))

    def pixels(self, image: ImageOrClip, name: str) -> NDArray[np.uint8]:
        """Decode and resize to `[height, width, channels]`, not yet padded; `[stills, height, width, channels]`.

        Raises:
            InputError: naming the image, if its pixels cannot be decoded, or it is no clip where the network sees
                clips, or the other way round.
        """
        clips = self.preprocessing.clips
        if clips is None:
            return self.resized(self.picture(as_single(image, name), name))
        clip = as_clip(image, name)
        shown = pictures_of(clip, seen_stills(clip, clips, name), name, self._mode)
        return np.stack([self.resized(each) for each in shown])

    def picture(self, image: ImageOrClip, name: str) -> Image.Image:
        """Decode to the upright picture in mode `L` or `RGB`, of a clip the first still.

        Raises:
            InputError: naming the image, if it is broken.
        """
        return picture(image, name, self._mode)

    def resized(self, plain: Image.Image) -> NDArray[np.uint8]:
        """Resize a picture to `[height, width, channels]`, not yet padded on the right."""
        p = self.preprocessing
        if p.centerline:
            return straightened(plain, p)[:, :, np.newaxis]
        size = (p.resized_width(*plain.size), p.resized_height(*plain.size))
        resized = plain if plain.size == size else _resized(plain, size, p.resize)
        array = np.asarray(resized.convert("L") if p.channels == "L" and p.grey_last else resized, np.uint8)
        array = array.reshape(size[1], size[0], p.channel_count)
        return self._with_rows(array[:, :, ::-1] if p.channels == "BGR" else array)

    def tensor(self, pixels: NDArray[np.uint8], width: int | None = None) -> NDArray[np.float32]:
        """Pad `[H, W, C]` to `width` (default: its own padded width), normalise to `[C, H, W']`; the same of stills."""
        padded = self.padded(pixels, width)
        mean, std = self.statistics(padded, self.preprocessing.with_padding(pixels.shape[-2]))
        seen = self._seen(np.moveaxis(padded, -1, -3))
        seen -= mean
        seen /= std
        return seen

    def padded(self, pixels: NDArray[np.uint8], width: int | None = None) -> NDArray[np.uint8]:
        """`[H, W, C]` with its margins, padded on the right to `width` (default: its own padded width); or stills."""
        *shape, columns, channels = pixels.shape
        first, end = self.preprocessing.margin, self.preprocessing.margin + columns
        padded = np.empty((*shape, max(width or self.preprocessing.with_padding(columns), end), channels), np.uint8)
        padded[..., first:end, :] = pixels
        padded[..., :first, :] = pixels[..., :1, :] if self._colour is None else self._colour
        padded[..., end:, :] = pixels[..., -1:, :] if self._colour is None else self._colour
        return padded

    def statistics(self, padded: NDArray[np.uint8], width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation by which a padded image is normalised, of which the first `width` columns count.

        They are those of the channels, `[C or 1, 1, 1]`, or of each picture, `[1, 1, 1]` or `[stills, 1, 1, 1]`.
        """
        if self.preprocessing.normalise == "fixed":
            return self._mean, self._std
        values, axes = self._seen(padded[..., :width, :]).astype(np.float64), (-3, -2, -1)
        least = 1 / 255 / math.sqrt(math.prod(values.shape[-3:]))  # so that a blank one is not divided by nothing
        mean, std = values.mean(axes, keepdims=True), values.std(axes, keepdims=True)
        return mean.astype(np.float32), np.maximum(std, least).astype(np.float32)

    def _seen(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """0 to 1, before it is normalised."""
        seen: NDArray[np.float32] = pixels.astype(np.float32, order="C")
        seen /= np.float32(255)
        return np.subtract(1, seen, out=seen) if self.preprocessing.invert else seen

    def _with_rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`[h, W, C]` with padding below it, up to the height of the input."""
        missing = self.preprocessing.height - pixels.shape[0]
        if not missing:
            return pixels
        row = pixels[-1:] if self._colour is None else np.broadcast_to(self._colour, pixels[-1:].shape)
        return np.concatenate([pixels, np.repeat(row, missing, axis=0)])

    def input(self, plain: Image.Image) -> tuple[NDArray[np.float32], int]:
        """The input `[C, H, W']` of a picture, and how many of its columns, from the margin on, show the picture.

        It is `tensor(resized(plain))`, made in one pass by the native library where that can.
        """
        p = self.preprocessing
        new = p.resized_width(*plain.size), p.resized_height(*plain.size)
        if self._one_pass is None or not _columns_first(plain.size, new):
            pixels = self.resized(plain)
            return self.tensor(pixels), pixels.shape[1]
        return self._one_pass(plain, new, (p.with_padding(new[0]), p.height)), new[0]

    @cached_property  # many a preprocessor only tells sizes
    def _one_pass(self) -> LineInput | None:
        p = self.preprocessing
        plain = p.clips is None and not p.centerline and not p.grey_last and p.normalise == "fixed"
        if not plain or p.resize not in FILTERS or not available():
            return None
        every_byte = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(p.channel_count, axis=2)
        values = self.tensor(every_byte, p.margin + VALUES)[:, 0, p.margin :]
        return LineInput(p.resize, values, p.channels == "BGR", p.padding == "edge", p.margin)

    def __call__(self, image: ImageOrClip, name: str) -> NDArray[np.float32]:
        """`[C, H, W]` of one image, padded to its own width, or `[T, C, H, W]` of a clip. Raises as `pixels` does."""
        if self.preprocessing.clips is not None:
            return self.tensor(self.pixels(image, name))
        return self.input(picture(as_single(image, name), name, self._mode))[0]


def padding_colour(p: Preprocessing) -> NDArray[np.uint8] | None:
    """The colour `[C]`, or one grey level `[1]`, of what pads every line; None where its last column does."""
    if p.padding == "edge":
        return None
    bright = {"white": (1.0,), "black": (0.0,), "mean": p.mean}[p.padding]
    inverted = p.invert and p.padding == "mean"
    return np.rint([255 * min(1, max(0, 1 - b if inverted else b)) for b in bright]).astype(np.uint8)


def _columns_first(size: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether Pillow resizes the columns of a picture first, and not the rows, as the library always does.

    Versions before 13 always do. Later ones begin with the rows of a picture that is high, or becomes wider than its
    height asks for.
    """
    (width, height), (new_width, new_height) = size, new
    return height <= width <= LARGEST // height and new_width * height <= 1.03 * width * new_height


def _resized(plain: Image.Image, size: tuple[int, int], filter_name: str) -> Image.Image:
    """`plain` on another size (width, height) by one of the spec's filters."""
    if filter_name == "linear":
        return Image.fromarray(linear(np.asarray(plain), *size))
    return plain.resize(size, _FILTERS[filter_name])
