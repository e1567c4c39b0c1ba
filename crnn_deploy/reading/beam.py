"""Prefix beam search: the most probable text of a line, summed over all its paths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.runtime.outputs import are_probabilities

_PER_CLASS = 64  # blocks of classes for each class that is searched


def best_prefix(output: NDArray[np.float32], blank: int, width: int) -> list[int]:
    """Classes of the best text of one line, with a beam of `width` prefixes.

    Prefix beam search without a language model (Graves and Jaitly, ICML 2014; Hannun et al., arXiv 1408.2873).

    Only the `width` + 1 likeliest characters of each frame are tried, and fewer after the less probable prefixes. That
    changes nothing, at any size of the alphabet. Number the prefixes and the characters of a frame from 0, the most
    probable first. Prefix i with character j is at most as probable as each prefix from 0 to i with each character from
    0 to j - 1. The exception is the character that a prefix ends with, which repeats only across a blank; for the
    prefixes before i, character j takes its place. So at least (i + 1) j - 1 other texts are as probable, and where
    these are `width` or more, prefix i with character j has no place in the beam.

    Args:
        output: `[T, K]`; logits, log-probabilities or probabilities.
    """
    frames = _Frames(output, blank, width)
    start = _Prefix(None, blank)
    start.in_blank = start.total = 1.0
    beam = [start]
    for number in range(len(output)):
        beam = _next(beam, frames, number, width)
    return beam[0].classes()


class _Prefix:
    """A text: another one, `parent`, and a class. How probable its paths are that end in a blank or in that class.

    All probabilities of one moment have a common factor. `seen` is the last frame after which it was in the beam.
    """

    __slots__ = ("children", "in_blank", "in_character", "label", "parent", "seen", "total")

    def __init__(self, parent: _Prefix | None, label: int) -> None:
        self.parent = parent
        self.label = label
        self.children: dict[int, _Prefix] = {}
        self.in_blank = self.in_character = self.total = 0.0
        self.seen = -1

    def growing(self, label: int) -> float:
        """How probable its paths are that go on to a character: one that repeats must follow a blank."""
        return self.in_blank if label == self.label else self.total

    def child(self, label: int) -> _Prefix:
        found = self.children.get(label)
        if found is None:
            found = self.children[label] = _Prefix(self, label)
        return found

    def classes(self) -> list[int]:
        backwards: list[int] = []
        prefix = self
        while prefix.parent is not None:
            backwards.append(prefix.label)
            prefix = prefix.parent
        return backwards[::-1]


_Candidate = tuple[float, _Prefix, int | None, float, float]
"""Probability of a text, its prefix, the class by which that grows or None, and the two parts of the probability."""


def _next(beam: Sequence[_Prefix], frames: _Frames, number: int, width: int) -> list[_Prefix]:
    """The beam after one more frame, the most probable prefix first."""
    candidates = [*_same(beam, frames, number), *_longer(beam, frames, number, width)]
    candidates.sort(key=itemgetter(0), reverse=True)
    highest = candidates[0][0]
    kept = []
    for total, prefix, label, in_blank, in_character in candidates[:width]:
        if total > 0:
            text = prefix if label is None else prefix.child(label)
            kept.append((text, total / highest, in_blank / highest, in_character / highest))
    for text, text.total, text.in_blank, text.in_character in kept:
        text.seen = number
    return [text for text, *_ in kept]


def _same(beam: Sequence[_Prefix], frames: _Frames, number: int) -> Iterator[_Candidate]:
    """Each prefix unchanged."""
    share_of_blank = frames.share(number, frames.blank)
    for prefix in beam:
        in_character, parent = 0.0, prefix.parent
        if parent is not None:
            in_character = prefix.in_character
            if parent.seen == number - 1:  # it grows into this one: one text, so one candidate
                in_character += parent.growing(prefix.label)
            in_character *= frames.share(number, prefix.label)
        in_blank = prefix.total * share_of_blank
        yield in_blank + in_character, prefix, None, in_blank, in_character


def _longer(beam: Sequence[_Prefix], frames: _Frames, number: int, width: int) -> Iterator[_Candidate]:
    """Each prefix with each of the likeliest characters, but for those that are prefixes of the beam."""
    for place, prefix in enumerate(beam, 1):
        for label, share in frames.likeliest[number][: -(-(width + 1) // place)]:
            child = prefix.children.get(label)
            if child is None or child.seen != number - 1:
                total = prefix.growing(label) * share
                yield total, prefix, label, 0.0, total


class _Frames:
    """The probability of classes in each frame of an output `[T, K]`, relative to that of the likeliest class.

    `likeliest`: the `width` + 1 likeliest characters of each frame, the most probable first.
    """

    def __init__(self, output: NDArray[np.float32], blank: int, width: int) -> None:
        self.blank = blank
        self._output = output
        self._logarithmic = not are_probabilities(output)
        self._highest = output.max(1)
        self.likeliest = self._likeliest(width + 1)

    def share(self, number: int, label: int) -> float:
        """The probability of one class in one frame."""
        value, highest = self._output.item(number, label), self._highest.item(number)
        return math.exp(value - highest) if self._logarithmic else value / highest

    def _likeliest(self, count: int) -> list[list[tuple[int, float]]]:
        frames, classes = np.divmod(self._found(count + 1), self._output.shape[1])
        values, highest = self._output[frames, classes].astype(np.float64), self._highest[frames]
        shares = np.exp(values - highest) if self._logarithmic else values / highest
        order = np.lexsort((-shares, frames))
        order = order[classes[order] != self.blank]
        pairs = list(zip(classes[order].tolist(), shares[order].tolist(), strict=True))
        starts = np.searchsorted(frames[order], np.arange(len(self._output) + 1)).tolist()
        return [pairs[start : min(end, start + count)] for start, end in pairwise(starts)]

    def _found(self, count: int) -> NDArray[np.intp]:
        """Places in the output, frame by frame, with at least `count` likeliest classes of each, and few others."""
        length, classes = self._output.shape
        if classes <= count:
            return np.arange(length * classes)
        found = np.flatnonzero(self._output >= self._least(count)[:, None])
        if len(found) <= _PER_CLASS * count * length:
            return found
        near = np.argpartition(-self._output, count - 1, 1)[:, :count]  # slow, but right for many equal values
        near += classes * np.arange(length)[:, None]
        return near.ravel()

    def _least(self, count: int) -> NDArray[np.float32]:
        """A value `[T]` that `count` of the K classes of each frame reach: the highest ones of blocks of classes."""
        length, classes = self._output.shape
        blocks = min(_PER_CLASS * count, classes)
        size = classes // blocks
        highest = self._output[:, : size * blocks].reshape(length, size, blocks).max(1)
        least: NDArray[np.float32] = np.partition(highest, blocks - count, 1)[:, blocks - count]
        return least
