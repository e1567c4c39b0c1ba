"""Preprocessing for `evaluate` and `predict`: wide lines keep their width, and remarks on the images are taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.center_line import is_squeezed
from crnn_deploy.data.checking import scaling
from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.picture import has_several_frames
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.stills import as_single
from crnn_deploy.limits import MAX_LINE_PIECES
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.several_lines import is_several_lines
from crnn_deploy.spec import ModelSpec


class NotingPreprocessor(Preprocessor):
    """A `Preprocessor` that takes notes, and squeezes only lines above `MAX_LINE_PIECES` times the `max_width`.

    Args:
        notes: receives remarks on the images; None: none are looked for.
    """

    def __init__(self, spec: ModelSpec, notes: NoteTaker | None) -> None:
        seen = spec.preprocessing
        self._reads_lines = spec.task == "ctc"
        self._notes = notes
        if self._reads_lines and seen.width is None:
            seen = seen.model_copy(update={"max_width": MAX_LINE_PIECES * seen.max_width})
        super().__init__(seen)

    def __call__(self, image: ImageOrClip, name: str) -> NDArray[np.float32]:
        if self.preprocessing.clips is not None:
            return super().__call__(image, name)
        image = as_single(image, name)
        plain = self.picture(image, name)
        self.take_notes(image, plain, name)
        return self.input(plain)[0]

    def take_notes(self, image: Image.Image, plain: Image.Image, name: str) -> None:
        """Note what is unusual about an image, whose picture is `plain`."""
        if self._notes is None:
            return
        if has_several_frames(image):
            self._notes.note("several_frames", name)
        if self._reads_lines:
            self._take_notes_of_line(plain, name, self._notes)
        elif self.preprocessing.distorts(*plain.size):
            self._notes.note("distorted", name, scaling(self.preprocessing, plain.size))

    def _take_notes_of_line(self, plain: Image.Image, name: str, notes: NoteTaker) -> None:
        seen = self.preprocessing
        if is_squeezed(plain, seen) if seen.centerline else seen.squeezes(*plain.size):
            notes.note("squeezed", name)
        if is_several_lines(plain):
            notes.note("several_lines", name)
