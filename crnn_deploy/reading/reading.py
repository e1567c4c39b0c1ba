"""`Reading`: what a model reads in one image, with the place and the confidence of each character."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.class_sequences import groups
from crnn_deploy.reading.best_path import Run, labelled_runs, line_confidence
from crnn_deploy.reading.decoding import beam_decode
from crnn_deploy.reading.seen import Look, Seen
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


class Reading(NamedTuple):
    """What a model reads in one image.

    Attributes:
        text: of the line, in logical order; of a classifier the name of the class.
        confidence: the probability that the text or the class is right: the product of those of the characters, or
            that of the class (`reading.confidence`).
        characters: of the most probable path; of a classifier none.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...] = ()


class Decoder:
    """From what a network says to `Reading`s, with the texts of `decode` and the confidences of `confidences`.

    Args:
        beam_width: prefixes that a beam search keeps, whose text may differ from the characters of the most probable
            path; None: the text is that of the most probable path.
    """

    def __init__(self, spec: ModelSpec, beam_width: int | None = None) -> None:
        self._spec = spec
        self._alphabet = spec.alphabet if spec.task == "ctc" else spec.class_names
        self._beam_width = beam_width

    def reading(self, look: Look) -> Reading:
        """What the model reads in an image."""
        output = look.output
        highest = highest_probabilities(output, self._spec.temperature)
        if self._spec.task == "classify":
            return Reading(self._alphabet[int(output.argmax())], float(highest))
        frames = highest.tolist()
        runs = labelled_runs(output.argmax(axis=1).tolist(), frames, self._spec.blank)
        text = self._text(output, [run.label for run in runs])
        return Reading(text, line_confidence(runs, frames), tuple(self._characters(runs, *_places(look))))

    def _text(self, output: NDArray[np.float32], classes: list[int]) -> str:
        if self._beam_width is not None:
            return beam_decode(output[np.newaxis], self._spec, self._beam_width)[0]
        return self._spec.text(classes)

    def _characters(self, runs: Sequence[Run], lefts: list[float], rights: list[float]) -> Iterator[Character]:
        if not self._spec.sequences:  # of most models; the other way takes twice as long
            for run in runs:
                if text := self._alphabet[run.label]:
                    yield Character(text, run.confidence, lefts[run.first], rights[run.end - 1])
            return
        for start, end, sequence in groups([run.label for run in runs], self._spec.sequences):
            if text := self._alphabet[runs[start].label] if sequence is None else sequence.text:
                confidence = min(run.confidence for run in runs[start:end])
                yield Character(text, confidence, lefts[runs[start].first], rights[runs[end - 1].end - 1])


def _places(look: Look) -> tuple[list[float], list[float]]:
    """Where each frame begins and ends in the picture, in its pixels to a hundredth, `[T]` each."""
    lefts, rights = list[float](), list[float]()
    for piece in look.pieces:
        edges = _edges(piece, look)
        lefts += edges[:-1]
        rights += edges[1:]
    return lefts, rights


def _edges(piece: Seen, look: Look) -> list[float]:
    """Between which columns of the picture the frames that count lie, `[T + 1]`."""
    count = len(piece.output)
    first, end, _ = piece.frames.indices(count)
    columns = piece.first + np.arange(first, end + 1) * (piece.pixels.shape[-1] / count)
    edges: list[float] = np.minimum(np.maximum(columns * look.scale[0], 0), look.size[0]).round(2).tolist()
    return edges
