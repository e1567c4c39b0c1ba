"""How an image becomes the input of a network: the part of a spec that whoever runs the model must follow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from crnn_deploy import limits
from crnn_deploy.clips import FEWEST_STILLS, Clips
from crnn_deploy.plain_values import FiniteFloat
from crnn_deploy.record import Record, field
from crnn_deploy.vector import VectorNumber

_LINE_SIZE = (100, 32)  # whose padded width tells the size of an input
_ROUNDINGS: dict[str, Callable[[float], int]] = {"ceil": math.ceil, "round": round, "floor": math.floor}
_SHARED_PIXELS = 1 << 17  # of a clip; larger ones run alone, so that a batch of them does not fill the memory

InputShape = tuple[int, int, int, int] | tuple[int, int, int, int, int]
"""`(N, C, H, W)` of a network's input, or `(N, T, C, H, W)` of clips."""

FIXED_SQUEEZE = 4
"""How far a fixed width may squeeze a line before it counts as squeezed: models of a fixed width learnt from lines of
many widths."""
_SAME_SHAPE, _SAME_SCALE = 1.25, 4  # how much a picture is stretched in one direction, and scaled, unnoticed


class Preprocessing(Record):
    """From a PIL image to the network's input `[C, H, W]`: x = (pixel / 255 - mean) / std, padded on the right.

    With `invert`, ink is bright: x = (1 - pixel / 255 - mean) / std. With `normalise: image`, mean and std are those of
    all pixels and channels of the padded image itself, and std is at least 1 / 255 / √(number of values), the deviation
    of an image with one pixel that is one grey level off: a blank image becomes zeros.

    The padded width follows from the image alone, never from its neighbours in a batch: that is what makes results
    independent of the batch.

    With `clips` the input is `[T, C, H, W]`: each still of a clip becomes a picture of the fixed size. What may differ
    between inputs is called their size: the padded width in pixels of single images, or the stills of clips.
    """

    channels: Literal["L", "RGB", "BGR"] = field(default="L", description="Colours that the network sees.")
    height: int = field(gt=0, le=limits.MAX_HEIGHT, description="Height of the input in pixels.", examples=[32])
    width: int | None = field(
        default=None,
        gt=0,
        le=limits.MAX_WIDTH,
        description="Fixed width in pixels; absent: the aspect ratio is kept.",
    )
    keep_ratio: bool = field(
        default=False, description="With a fixed width: keep the aspect ratio and pad, where it fits."
    )
    letterbox: bool = field(default=False, description="With keep_ratio: wider lines become lower, padded below.")
    width_rounding: Literal["ceil", "round", "floor"] = field(
        default="ceil", description="How the width that keeps the aspect ratio becomes whole pixels."
    )
    width_multiple: int = field(
        default=4, gt=0, le=limits.MAX_WIDTH, description="The width is padded up to a multiple of this."
    )
    min_width: int = field(
        default=8, gt=0, le=limits.MAX_WIDTH, description="Narrower lines are stretched to this width."
    )
    max_width: int = field(
        default=4096, gt=0, le=limits.MAX_WIDTH, description="Wider lines are squeezed to this width."
    )
    resize: Literal["nearest", "bilinear", "bicubic", "lanczos", "linear"] = field(
        default="bilinear", description="Interpolation of Pillow; linear: OpenCV's, of four pixels each."
    )
    grey_last: bool = field(default=False, description="With channels L: convert to grey after resizing.")
    mean: tuple[FiniteFloat, ...] = field(
        default=(0.5,), description="Mean of each channel, or one for all; pixels are 0 to 1."
    )
    std: tuple[FiniteFloat, ...] = field(
        default=(0.5,), description="Standard deviation of each channel, or one for all."
    )
    normalise: Literal["fixed", "image"] = field(
        default="fixed", description="fixed: by mean and std; image: each image by its own mean and deviation."
    )
    padding: Literal["edge", "white", "black", "mean"] = field(
        default="white", description="What pads a line on the right; mean: the colour of `mean`."
    )
    pad_to: int = field(
        default=1, gt=0, le=limits.MAX_WIDTH, description="Narrower lines are padded to this width, in whole multiples."
    )
    margin: int = field(
        default=0, ge=0, le=limits.MAX_MARGIN, description="Columns of padding on the left and, besides, on the right."
    )
    invert: bool = field(default=False, description="Whether the network sees white as 0 and black as 1.")
    centerline: bool = field(
        default=False,
        description="Whether the line is cut out around its center line and resized linearly, as ocropy does it.",
    )
    vector: tuple[VectorNumber, ...] = field(
        default=(),
        max_length=limits.MAX_VECTOR,
        description="Numbers beside each picture, which a classifier takes as its second input, in this order.",
    )
    clips: Clips | None = field(
        default=None, description="Whether the network sees clips, and which stills of them; absent: single images."
    )

    @property
    def channel_count(self) -> int:
        return 1 if self.channels == "L" else 3

    @property
    def size_axis(self) -> int:
        """Axis of a batch of inputs that is their size: the width, or the stills of clips."""
        return 3 if self.clips is None else 1

    @property
    def any_size(self) -> bool:
        """Whether inputs may differ in size."""
        return self.width is None or self.clips is not None

    @property
    def sizes(self) -> tuple[int, int]:
        """Least and greatest size of an input."""
        if self.clips is not None:
            return FEWEST_STILLS, self.clips.max_stills
        return self.with_padding(self.min_width), self.with_padding(self.max_width)

    def input_shape(self, batch: int, size: int) -> InputShape:
        """Shape of a batch of inputs of one size."""
        if self.clips is None:
            return batch, self.channel_count, self.height, size
        assert self.width is not None
        return batch, size, self.channel_count, self.height, self.width

    def example_shape(self, batch: int, image_width: int, image_height: int) -> InputShape:
        """Shape of a batch of inputs for images of this size in pixels, or for usual clips."""
        size = self.padded_width(image_width, image_height) if self.clips is None else self.clips.example
        return self.input_shape(batch, size)

    @property
    def vector_names(self) -> tuple[str, ...]:
        """Names of the numbers of the vector."""
        return tuple(number.name for number in self.vector)

    def resized_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels that an image of the given size is resized to, before padding."""
        if self.width is not None:
            space = self.width - 2 * self.margin
            return min(space, self.scaled_width(image_width, image_height)) if self.keep_ratio else space
        return min(self.max_width, max(self.min_width, self.scaled_width(image_width, image_height)))

    def resized_height(self, image_width: int, image_height: int) -> int:
        """Height in pixels that an image of the given size is resized to, before padding below it."""
        if not (self.letterbox and self.keep_ratio and self.width):
            return self.height
        width = self.resized_width(image_width, image_height)
        if self.scaled_width(image_width, image_height) <= width:
            return self.height
        return max(1, width * image_height // max(1, image_width))

    def scaled_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels that keeps the aspect ratio of an image of the given size, without any limit."""
        rounded = _ROUNDINGS[self.width_rounding]
        return max(1, rounded(image_width * self.height / max(1, image_height)))

    def squeezes(self, image_width: int, image_height: int) -> bool:
        """Whether an image of the given size is wider than `max_width`, or far wider than the fixed width.

        A fixed width that keeps the aspect ratio squeezes all that are wider.
        """
        fixed = (1 if self.keep_ratio else FIXED_SQUEEZE) * (self.width or 0)
        most = self.max_width if self.width is None else fixed
        return self.scaled_width(image_width, image_height) > most

    def distorts(self, image_width: int, image_height: int) -> bool:
        """Whether a picture of the given size loses its shape by more than a quarter, or is scaled by more than 4."""
        across = self.resized_width(image_width, image_height) / max(1, image_width)
        down = self.resized_height(image_width, image_height) / max(1, image_height)
        stretched = max(across, down) / min(across, down)
        return stretched > _SAME_SHAPE or max(across, down, 1 / across, 1 / down) > _SAME_SCALE

    def padded_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels of the network's input for an image of this size; not of a line that `centerline` cuts."""
        return self.with_padding(self.resized_width(image_width, image_height))

    @property
    def widest(self) -> int:
        """Largest width in pixels of the network's input, or the most stills of a clip that shares a batch."""
        if self.clips is not None:
            return _SHARED_PIXELS // (self.height * (self.width or 1))
        return self.with_padding(self.max_width)

    def with_padding(self, width: int) -> int:
        """Width in pixels of the network's input for a line that was resized to `width`."""
        return self.width or self.whole(max(width + 2 * self.margin, self.pad_to))

    def line_width(self, width: int) -> int:
        """Columns of that input which hold the line, its margins, and what makes whole multiples; not `pad_to`."""
        return self.width or self.whole(width + 2 * self.margin)

    def whole(self, width: int) -> int:
        """`width` rounded up to whole multiples."""
        return -(-width // self.width_multiple) * self.width_multiple

    def check(self) -> None:
        """Raise `ValueError` if the fields, each of which is right, do not go together."""
        self._check_channels()
        self._check_padding()
        self._check_clips()
        self._check_size()
        if len(set(self.vector_names)) < len(self.vector):
            raise ValueError("vector names a number twice")

    def _check_channels(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channel_count):
                raise ValueError(f"{name} needs 1 or {self.channel_count} numbers, got {len(values)}")
        if self.normalise == "image" and (self.mean, self.std) != ((0.5,), (0.5,)):
            raise ValueError("normalise: image takes mean and std from each image, so they have to be left out")
        if not all(limits.SMALLEST_STD <= value <= limits.LARGEST_NORM for value in self.std):
            raise ValueError(f"std must be from {limits.SMALLEST_STD:g} to {limits.LARGEST_NORM:g}; pixels are 0 to 1")
        if not all(abs(value) <= limits.LARGEST_NORM for value in self.mean):
            raise ValueError(f"mean must be within ±{limits.LARGEST_NORM:g}; pixels are 0 to 1")

    def _check_padding(self) -> None:
        if self.width is not None and self.width <= 2 * self.margin:
            raise ValueError(f"margins of {self.margin} pixels leave nothing of the width of {self.width}")
        if self.width is not None and self.pad_to > 1:
            raise ValueError("a fixed width leaves nothing to pad_to")
        if self.pad_to > max(1, self.max_width // 2):
            raise ValueError(f"pad_to must be at most half of max_width, which is {self.max_width}")
        if self.padding == "mean" and self.normalise == "image":
            raise ValueError("padding: mean takes the mean of a spec, and normalise: image that of each image")
        if self.centerline and (self.channels != "L" or self.grey_last or self.width is not None):
            raise ValueError("centerline goes with grey images whose width is not fixed")

    def _check_clips(self) -> None:
        if self.clips is None:
            return
        if self.width is None or self.keep_ratio or self.margin:
            raise ValueError("clips go with a fixed width, without keep_ratio and margin")
        pixels = self.clips.max_stills * self.height * self.width
        if pixels > limits.MAX_CLIP_PIXELS:
            raise ValueError(
                f"a clip of max_stills {self.clips.max_stills} has {pixels:,} pixels, and {limits.MAX_CLIP_PIXELS:,} "
                "are allowed"
            )

    def _check_size(self) -> None:
        pixels = self.height * self.padded_width(*_LINE_SIZE)
        if pixels > limits.MAX_INPUT_PIXELS:
            raise ValueError(
                f"a line of 100×32 pixels becomes {pixels:,} pixels, and {limits.MAX_INPUT_PIXELS:,} are allowed"
            )
