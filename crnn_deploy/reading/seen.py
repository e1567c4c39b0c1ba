"""What a network sees of an image, and which part of the picture each of its pixels shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.network_inputs import NetworkInput, beside
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.stills import as_single
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.noting_preprocessor import NotingPreprocessor
from crnn_deploy.reading.read_images import check_outputs
from crnn_deploy.reading.wide_lines import cut, kept_frames, with_margins, without_margins
from crnn_deploy.runtime.session import Session


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels of a network's input; `bottom` and `right` are outside of it."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Seen:
    """The input of a network for a picture, or for a piece of a line that is wider than the network takes.

    Attributes:
        pixels: `[C, H, W]`, or `[T, C, H, W]` of a clip, in whose stills the same area shows the picture.
        area: which of them show the picture; the others are margins and padding.
        first: the column of the resized picture that column 0 of `pixels` shows; below 0 where that is a margin.
        output: of the network, `[T, K]` or `[K]`.
        frames: those that count; the others lie in the overlap with another piece.
        vector: beside the picture, `[1, V]`, where the network takes one; it stays as it is whatever is hidden.
    """

    pixels: NDArray[np.float32]
    area: Box
    first: int
    output: NDArray[np.float32]
    frames: slice = field(default_factory=lambda: slice(None))
    vector: NDArray[np.float32] | None = None

    @property
    def kept(self) -> NDArray[np.float32]:
        """The output of the frames that count; of a classifier all."""
        return self.output[self.frames] if self.output.ndim == 2 else self.output

    def beside(self, images: NDArray[np.float32]) -> NetworkInput:
        """A batch of changed inputs, with the vector beside each where there is one."""
        return beside(images, None if self.vector is None else np.repeat(self.vector, len(images), axis=0))


@dataclass(frozen=True)
class Look:
    """A picture and what the network sees of it: one input, or the pieces of a wide line from left to right.

    Attributes:
        scale: pixels of the picture for each pixel of an input: across and down. Of a line that is cut out around its
            center line, only columns have a place in the picture.
    """

    picture: Image.Image
    pieces: tuple[Seen, ...]
    scale: tuple[float, float]

    @property
    def output(self) -> NDArray[np.float32]:
        """`[T, K]` of the whole line, or `[K]`."""
        return np.concatenate([piece.kept for piece in self.pieces]) if len(self.pieces) > 1 else self.pieces[0].kept

    def column(self, piece: Seen, column: float) -> float:
        """Where a column of a piece's input lies in the picture, in its pixels; to a hundredth."""
        return round(float(np.clip((piece.first + column) * self.scale[0], 0, self.picture.width)), 2)

    def row(self, row: float) -> float:
        return round(float(np.clip(row * self.scale[1], 0, self.picture.height)), 2)


def look_at(
    session: Session, image: ImageOrClip, name: str, notes: NoteTaker, vector: NDArray[np.float32] | None = None
) -> Look:
    """Run a model on one image as `evaluate` and `predict` do: wide lines in pieces, where they can be cut.

    Args:
        notes: receives remarks on the image under its `name`.
        vector: beside the image, normalised, `[1, V]`; None for a model that takes none.

    Raises:
        InputError: naming the image if it is broken, or if the network fails or its outputs don't fit the spec.
        GateError: naming the image if the model gives numbers that are not finite.
    """
    spec = session.spec
    if spec.preprocessing.clips is not None:
        return _look_at_clip(session, image, name)
    image = as_single(image, name)
    noting = NotingPreprocessor(spec, notes)
    preprocessor: Preprocessor = noting
    picture = noting.picture(image, name)
    noting.take_notes(image, picture, name)
    pixels = preprocessor.resized(picture)
    padded = preprocessor.tensor(pixels)
    if spec.task == "ctc" and padded.shape[2] > spec.preprocessing.widest:
        pieces = _pieces(session, padded, pixels.shape[1])
        if pieces:
            for piece in pieces:
                check_outputs(piece.output[np.newaxis], spec, lambda _: name)
            notes.note("cut", name)
            return Look(picture, pieces, _scale(picture, pixels, preprocessor))
        notes.note("squeezed", name)
        preprocessor = Preprocessor(spec.preprocessing)
        pixels = preprocessor.resized(picture)
        padded = preprocessor.tensor(pixels)
    output = session.run(beside(padded[np.newaxis], vector))
    check_outputs(output, spec, lambda _: name)
    scale = _scale(picture, pixels, preprocessor)
    margin = spec.preprocessing.margin
    rows = min(padded.shape[1], round(picture.height / scale[1]))
    area = Box(0, rows, margin, margin + pixels.shape[1])
    return Look(picture, (Seen(padded, area, -margin, output[0], vector=vector),), scale)


def _look_at_clip(session: Session, image: ImageOrClip, name: str) -> Look:
    """A clip, of which the first still is shown."""
    preprocessor = Preprocessor(session.spec.preprocessing)
    picture, pixels = preprocessor.picture(image, name), preprocessor(image, name)
    output = session.run(pixels[np.newaxis])
    check_outputs(output, session.spec, lambda _: name)
    height, width = pixels.shape[-2:]
    seen = Seen(pixels, Box(0, height, 0, width), 0, output[0])
    return Look(picture, (seen,), (picture.width / width, picture.height / height))


def _scale(picture: Image.Image, pixels: NDArray[np.uint8], preprocessor: Preprocessor) -> tuple[float, float]:
    rows = preprocessor.preprocessing.resized_height(*picture.size)
    return picture.width / pixels.shape[1], picture.height / rows


def _pieces(session: Session, padded: NDArray[np.float32], width: int) -> tuple[Seen, ...]:
    """The pieces of a line `[C, H, W]` whose picture has `width` columns; none where it can't be cut."""
    seen = session.spec.preprocessing
    cuts = cut(without_margins(padded, seen), seen)
    framed = [with_margins(padded, piece, seen) for piece in cuts]
    if not framed:
        return ()
    outputs = [session.run(image[np.newaxis]) for image, _ in framed]
    kept = kept_frames(outputs, [piece for _, piece in framed], seen.height, session.spec.blank)
    pieces = []
    for (image, (first, _)), (start, end), output, frames in zip(framed, cuts, outputs, kept, strict=True):
        area = Box(0, image.shape[1], start - first, min(end, width) - first)
        pieces.append(Seen(image, area, first, output[0], frames))
    return tuple(pieces)
