"""`Reading`: what a model reads in one image, with the place and the confidence of each character."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from crnn_deploy.class_sequences import groups
from crnn_deploy.data.network_inputs import Array
from crnn_deploy.reading.best_path import Run, best_path
from crnn_deploy.reading.decoding import beam_search
from crnn_deploy.reading.seen import Part, View
from crnn_deploy.reading.wide_lines import joined
from crnn_deploy.runtime.outputs import highest_probabilities
from crnn_deploy.spec import ModelSpec


class Character(NamedTuple):
    """One character of a line, in the order along the line from the left.

    Attributes:
        text: of the character; of several where a class of the model stands for several.
        confidence: its highest probability among its frames.
        left: where its frames begin in the upright picture, in pixels; those of CTC often show only its middle.
        right: where they end.
    """

    text: str
    confidence: float
    left: float
    right: float


class Reading:
    """What a model reads in one image; it can be taken apart: `text, confidence, characters = reading`.

    Attributes:
        text: of the line, in logical order; of a classifier the name of the class.
        confidence: the probability that the text or the class is right: the product of those of the characters, or
            that of the class (`reading.confidence`).
    """

    __slots__ = ("_characters", "confidence", "text")

    def __init__(
        self,
        text: str,
        confidence: float,
        characters: tuple[Character, ...] | Callable[[], tuple[Character, ...]] = (),
    ) -> None:
        """Characters may be given as what finds them when they are asked for."""
        self.text = text
        self.confidence = confidence
        self._characters = characters

    @property
    def characters(self) -> tuple[Character, ...]:
        """Those of the most probable path; of a classifier none."""
        found = self._characters
        if not isinstance(found, tuple):  # several threads may find them, and all find the same
            found = self._characters = found()
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter((self.text, self.confidence, self.characters))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Reading) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.text, self.confidence))

    def __repr__(self) -> str:
        return f"Reading(text={self.text!r}, confidence={self.confidence!r}, characters={self.characters!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Reading, tuple(self)


class Decoder:
    """From what a network says to `Reading`s, with the texts of `decode` and the confidences of `confidences`.

    Args:
        beam_width: prefixes that a beam search keeps, whose text may differ from the characters of the most probable
            path; None: the text is that of the most probable path.

    Raises:
        InputError: if a language model that would be needed is damaged.
    """

    def __init__(self, spec: ModelSpec, beam_width: int | None = None) -> None:
        self._spec = spec
        self._alphabet = spec.alphabet if spec.task == "ctc" else spec.class_names
        self._search = beam_search(spec, beam_width)

    def reading(self, view: View, outputs: Sequence[Array]) -> Reading:
        """What the model reads in an image, by what the network says of each part of its view, `[T, K]` or `[K]`."""
        spec = self._spec
        frames = view.kept_frames(outputs, spec)
        output = joined(outputs, frames)
        if spec.task == "classify":
            return Reading(self._alphabet[int(output.argmax())], float(highest_probabilities(output, spec.temperature)))
        runs, confidence = best_path(output, spec)
        text = self._text(output, [label for label, _, _, _ in runs])
        strips = list(map(_strip, view.parts, outputs, frames))
        characters = partial(self._characters, runs, strips, view.scale[0], view.size[0])
        return Reading(text, confidence, characters)

    def _text(self, output: Array, classes: list[int]) -> str:
        return self._spec.text(classes) if self._search is None else self._search(output[np.newaxis])[0]

    def _characters(
        self, runs: Sequence[Run], strips: Sequence[_Strip], scale: float, width: int
    ) -> tuple[Character, ...]:
        """The characters of a line. What it takes holds no pixels and no outputs: readings may be kept for long."""
        lefts, rights = _places(strips, scale, width)
        labels, sure, firsts, ends = zip(*runs, strict=True) if runs else ((), (), (), ())
        found = []
        for start, end, sequence in groups(labels, self._spec.sequences):
            if text := self._alphabet[labels[start]] if sequence is None else sequence.text:
                place = lefts[firsts[start]], rights[ends[end - 1] - 1]
                found.append(Character(text, min(sure[start:end]), *place))
        return tuple(found)


_Strip = tuple[int, int, int, float]
"""Frames side by side: the first, the one after the last, and where frame 0 begins and how wide each is, in columns of
the resized picture."""


def _strip(part: Part, output: Array, frames: slice) -> _Strip:
    """The frames of a part that count."""
    count = len(output)
    first, end, _ = frames.indices(count)
    return first, end, part.first, part.pixels.shape[-1] / count


def _places(strips: Sequence[_Strip], scale: float, width: int) -> tuple[list[float], list[float]]:
    """Where each frame begins and ends in the picture, in its pixels to a hundredth, `[T]` each."""
    lefts, rights = list[float](), list[float]()
    for first, end, begin, step in strips:
        columns = (begin + np.arange(first, end + 1) * step) * scale
        edges = np.minimum(np.maximum(columns, 0), width).round(2).tolist()
        lefts += edges[:-1]
        rights += edges[1:]
    return lefts, rights
