"""What a network sees of an image, and which part of the picture each of its pixels shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput, beside
from crnn_deploy.reading.wide_lines import Piece, joined, kept_frames
from crnn_deploy.spec import ModelSpec


class Box(NamedTuple):
    """A rectangle of pixels of a network's input; `bottom` and `right` are outside of it."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """The input of a network for a picture, or for a piece of a line that is wider than the network takes.

    Attributes:
        pixels: `[C, H, W]`, or `[T, C, H, W]` of a clip, in whose stills the same area shows the picture.
        area: which of them show the picture; the others are margins and padding.
        first: the column of the resized picture that column 0 of `pixels` shows; below 0 where that is a margin.
        vector: beside the picture, `[1, V]`, where the network takes one; it stays as it is whatever is hidden.
    """

    pixels: NDArray[np.float32]
    area: Box
    first: int
    vector: NDArray[np.float32] | None = None

    @property
    def piece(self) -> Piece:
        """The columns of the resized picture that `pixels` shows."""
        return self.first, self.first + self.pixels.shape[-1]

    def beside(self, images: NDArray[np.float32]) -> NetworkInput:
        """A batch of changed inputs, with the vector beside each where there is one."""
        return beside(images, None if self.vector is None else np.repeat(self.vector, len(images), axis=0))

    def with_output(self, output: NDArray[np.float32], frames: slice) -> Seen:
        """This part with what the network says of it."""
        return Seen(
            pixels=self.pixels, area=self.area, first=self.first, vector=self.vector, output=output, frames=frames
        )


@dataclass(frozen=True, kw_only=True)
class Seen(Part):
    """A part of a picture, and what the network says of it.

    Attributes:
        output: of the network, `[T, K]` or `[K]`.
        frames: those that count; the others lie in the overlap with another piece.
    """

    output: NDArray[np.float32]
    frames: slice = field(default_factory=lambda: slice(None))

    @property
    def kept(self) -> NDArray[np.float32]:
        """The output of the frames that count; of a classifier all."""
        return self.output[self.frames] if self.output.ndim == 2 else self.output


class View(NamedTuple):
    """A picture and what the network will see of it: one input, or the pieces of a wide line from left to right.

    Attributes:
        size: of the upright picture in pixels, width and height.
        scale: pixels of the picture for each pixel of an input: across and down. Of a line that is cut out around its
            center line, only columns have a place in the picture.
    """

    size: tuple[int, int]
    parts: tuple[Part, ...]
    scale: tuple[float, float]

    def kept_frames(self, outputs: Sequence[NDArray[np.float32]], spec: ModelSpec) -> list[slice]:
        """Which frames of each part count, by what the network says of it, `[T, K]` or `[K]` (`wide_lines`)."""
        if len(outputs) == 1:
            return [slice(None)]
        return kept_frames(outputs, [part.piece for part in self.parts], spec.preprocessing.height, spec.blank)

    def with_outputs(self, outputs: Sequence[NDArray[np.float32]], spec: ModelSpec) -> Look:
        """The look with what the network says of each part, `[T, K]` or `[K]`."""
        told = zip(self.parts, outputs, self.kept_frames(outputs, spec), strict=True)
        return Look(self.size, tuple(part.with_output(output, kept) for part, output, kept in told), self.scale)


class Look(NamedTuple):
    """A picture and what the network says of it: of one input, or of the pieces of a wide line from left to right.

    Attributes:
        size: of the upright picture in pixels, width and height.
        scale: as in a `View`.
    """

    size: tuple[int, int]
    pieces: tuple[Seen, ...]
    scale: tuple[float, float]

    @property
    def output(self) -> NDArray[np.float32]:
        """`[T, K]` of the whole line, or `[K]`."""
        return joined([piece.output for piece in self.pieces], [piece.frames for piece in self.pieces])

    def column(self, piece: Seen, column: float) -> float:
        """Where a column of a piece's input lies in the picture, in its pixels; to a hundredth."""
        return round(min(max((piece.first + column) * self.scale[0], 0), self.size[0]), 2)

    def row(self, row: float) -> float:
        return round(min(max(row * self.scale[1], 0), self.size[1]), 2)
