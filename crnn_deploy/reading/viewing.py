"""From an image to the inputs of a network: one, or the pieces of a line that is wider than the network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.stills import as_single
from crnn_deploy.reading.image_notes import NoteTaker, Remark
from crnn_deploy.reading.noting_preprocessor import NotingPreprocessor
from crnn_deploy.reading.part_batches import outputs_of
from crnn_deploy.reading.seen import Box, Look, Part, View
from crnn_deploy.reading.wide_lines import cut, with_margins, without_margins
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

Vector = NDArray[np.float32] | None


def look_at(session: Session, image: ImageOrClip, name: str, notes: NoteTaker, vector: Vector = None) -> Look:
    """Run a model on one image as `evaluate` and `predict` do: wide lines in pieces, where they can be cut.

    Args:
        notes: receives remarks on the image under its `name`.
        vector: beside the image, normalised, `[1, V]`; None for a model that takes none.

    Raises:
        InputError: naming the image if it is broken, or if the network fails or its outputs don't fit the spec.
        GateError: naming the image if the model gives numbers that are not finite.
    """
    spec = session.spec
    view = Viewer(spec, notes).view(image, name, vector)
    (outputs,) = outputs_of(session, [(name, view)], 1)
    return view.with_outputs(outputs, spec)


class Viewer:
    """Prepares images for a network; threads may share one.

    Args:
        notes: receives remarks on the images; None: none are looked for.
    """

    def __init__(self, spec: ModelSpec, notes: NoteTaker | None = None) -> None:
        self._spec = spec
        self._notes = notes
        self._own_width = NotingPreprocessor(spec, notes)
        self._squeezing = Preprocessor(spec.preprocessing)
        self._widest = spec.preprocessing.widest

    def view(self, image: ImageOrClip, name: str, vector: Vector = None) -> View:
        """What the network will see of an image; the arguments are those of `look_at`.

        Raises:
            InputError: naming the image if it is broken.
        """
        if self._spec.preprocessing.clips is not None:
            return self._view_of_clip(image, name)
        image = as_single(image, name)
        picture = self._own_width.picture(image, name)
        self._own_width.take_notes(image, picture, name)
        padded, columns = self._own_width.input(picture)
        if self._spec.task != "ctc" or padded.shape[2] <= self._widest:
            return self._whole(picture, padded, columns, vector)
        if parts := self._pieces(padded, columns):
            self._note("cut", name)
            return View(picture.size, parts, (picture.width / columns, picture.height / padded.shape[1]))
        self._note("squeezed", name)
        return self._whole(picture, *self._squeezing.input(picture), vector)

    def _view_of_clip(self, image: ImageOrClip, name: str) -> View:
        """A clip, of which the first still is shown."""
        picture, pixels = self._squeezing.picture(image, name), self._squeezing(image, name)
        height, width = pixels.shape[-2:]
        part = Part(pixels=pixels, area=Box(0, height, 0, width), first=0)
        return View(picture.size, (part,), (picture.width / width, picture.height / height))

    def _whole(self, picture: Image.Image, padded: NDArray[np.float32], columns: int, vector: Vector) -> View:
        seen = self._spec.preprocessing
        rows = seen.resized_height(*picture.size)
        area = Box(0, rows, seen.margin, seen.margin + columns)
        part = Part(pixels=padded, area=area, first=-seen.margin, vector=vector)
        return View(picture.size, (part,), (picture.width / columns, picture.height / rows))

    def _pieces(self, padded: NDArray[np.float32], width: int) -> tuple[Part, ...]:
        """The pieces of a line `[C, H, W]` whose picture has `width` columns; none where it can't be cut."""
        seen = self._spec.preprocessing
        parts = []
        for start, end in cut(without_margins(padded, seen), seen):
            pixels, (first, _) = with_margins(padded, (start, end), seen)
            area = Box(0, pixels.shape[1], start - first, min(end, width) - first)
            parts.append(Part(pixels=pixels, area=area, first=first))
        return tuple(parts)

    def _note(self, remark: Remark, name: str) -> None:
        if self._notes is not None:
            self._notes.note(remark, name)
