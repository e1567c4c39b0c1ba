"""Prefix beam search: the most probable text of a line, summed over all its paths."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE = 1e-3  # with a language, of the probability of the likeliest class; lower ones change no text
_PER_CLASS = 64  # blocks of classes for each class that is searched


class Language(Protocol):
    """What a language adds to the probability of a text, class by class; a state stands for the text before.

    `start`: the state before a line.
    """

    start: int

    def grown(self, state: int, label: int) -> tuple[float, int]:
        """The factor of a class after a text, and the state after it."""
        ...

    def ended(self, state: int) -> float:
        """The factor of the end of the line."""
        ...


def best_prefix(
    output: NDArray[np.float32],
    blank: int,
    width: int,
    language: Language | None = None,
    logarithmic: bool = True,
) -> list[int]:
    """Classes of the best text of one line, with a beam of `width` prefixes.

    Prefix beam search (Graves and Jaitly, ICML 2014; Hannun et al., arXiv 1408.2873). A language counts in with each
    character that a prefix grows by; only characters of at least a thousandth of the probability of a frame's likeliest
    class are tried then.

    Only the `width` + 1 likeliest characters of each frame are tried, and without a language fewer after the less
    probable prefixes. Without a language that changes nothing, at any size of the alphabet. Number the prefixes and the
    characters of a frame from 0, the most probable first. Prefix i with character j is at most as probable as each
    prefix from 0 to i with each character from 0 to j - 1. The exception is the character that a prefix ends with,
    which repeats only across a blank; for the prefixes before i, character j takes its place. So at least
    (i + 1) j - 1 other texts are as probable, and where these are `width` or more, prefix i with character j has no
    place in the beam.

    Args:
        output: `[T, K]`.
        logarithmic: whether these are logits or log-probabilities, and not probabilities.
    """
    frames = _Frames(output, blank, width, 0.0 if language is None else LEAST_SHARE, logarithmic)
    start = _Prefix(None, blank, language)
    start.in_blank = start.total = 1.0
    beam = [start]
    for number in range(len(output)):
        beam = _next(beam, frames, number, width)
    return max(beam, key=_Prefix.ended).classes()


class _Prefix:
    """A text: another one, `parent`, and a class. How probable its paths are that end in a blank or in that class.

    All probabilities of one moment have a common factor. `seen` is the last frame after which it was in the beam.
    `factor` is what the language gives for the class after the parent.
    """

    __slots__ = (
        *("children", "factor", "in_blank", "in_character", "label", "language", "parent", "seen", "state", "total"),
    )

    def __init__(self, parent: _Prefix | None, label: int, language: Language | None) -> None:
        self.parent = parent
        self.label = label
        self.language = language
        self.factor, self.state = 1.0, language.start if language else 0
        if language and parent:
            self.factor, self.state = language.grown(parent.state, label)
        self.children: dict[int, _Prefix] = {}
        self.in_blank = self.in_character = self.total = 0.0
        self.seen = -1

    def growing(self, label: int) -> float:
        """How probable its paths are that go on to a character: one that repeats must follow a blank."""
        paths = self.in_blank if label == self.label else self.total
        return paths * self.language.grown(self.state, label)[0] if self.language else paths

    def ended(self) -> float:
        """How probable it is as the text of the whole line."""
        return self.total * self.language.ended(self.state) if self.language else self.total

    def child(self, label: int) -> _Prefix:
        found = self.children.get(label)
        if found is None:
            found = self.children[label] = _Prefix(self, label, self.language)
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
        count = width + 1 if prefix.language else -(-(width + 1) // place)
        for label, share in frames.likeliest[number][:count]:
            child = prefix.children.get(label)
            if child is None or child.seen != number - 1:
                total = prefix.growing(label) * share
                yield total, prefix, label, 0.0, total


class _Frames:
    """The probability of classes in each frame of an output `[T, K]`, relative to that of the likeliest class.

    `likeliest`: the `width` + 1 likeliest characters of each frame that have at least a share, the most probable first.
    """

    def __init__(
        self, output: NDArray[np.float32], blank: int, width: int, least_share: float, logarithmic: bool
    ) -> None:
        self.blank = blank
        self._least_share = least_share
        self._output = output
        self._logarithmic = logarithmic
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
        order = order[(classes[order] != self.blank) & (shares[order] >= self._least_share)]
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
