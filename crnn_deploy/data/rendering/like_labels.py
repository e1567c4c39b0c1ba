"""Lines like the labels of a source, so that a network sees what is written there in other print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from crnn_deploy.data.rendering.vocabulary import Rng, digits, pick
from crnn_deploy.data.sources.base import text_blocks
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

LIKE_SHARE = 0.5  # of the lines; the others are random
OTHER_DIGITS = 0.7  # share of the lines like labels whose digits are drawn anew
TITLE, LOWER = 0.35, 0.05  # shares of them in other case: labels are often in capitals, whatever is printed

_DIGITS = re.compile(r"\d+", re.ASCII)


class LikeLabels:
    """Makes lines, half of them like labels: one of these, mostly with other digits and sometimes in other case.

    Labels that differ in their digits only count once, so that a thousand sums don't hide the rare words.

    Args:
        labels: in any order; those that are too long, too short, or not in the charset are left out.
        other: makes the other lines.
        charset: characters that may occur.
        lengths: characters of the shortest and of the longest line.

    Raises:
        InputError: if no label is left.
    """

    def __init__(
        self, labels: Iterable[str], other: Callable[[Rng], str], charset: str, lengths: tuple[int, int]
    ) -> None:
        self.charset = charset
        self._kept, self._other = set(charset), other
        shortest, longest = lengths
        fitting = (label.strip() for label in labels)
        shapes = {_DIGITS.sub(_zeros, label): label for label in fitting if shortest <= len(label) <= longest}
        self._labels = sorted(label for label in shapes.values() if self._kept.issuperset(label))
        if not self._labels:
            raise InputError(
                "No label of the source to write like can be rendered.",
                f"It has none of {shortest} to {longest} characters that the charset can write.",
                "Set --max-length or --charset, or give another source.",
            )

    def __call__(self, rng: Rng) -> str:
        return self._like_label(rng) if rng.random() < LIKE_SHARE else self._other(rng)

    def _like_label(self, rng: Rng) -> str:
        line = pick(rng, self._labels)
        if rng.random() < OTHER_DIGITS:
            line = _DIGITS.sub(lambda found: digits(rng, len(found[0])), line)
        draw = rng.random()
        recased = line.title() if draw < TITLE else line.lower() if draw < TITLE + LOWER else line
        return recased if self._kept.issuperset(recased) else line


def labels_of(location: str) -> Iterator[str]:
    """The labels of a source, in its order. Raises `InputError` if it can't be opened, or has none."""
    for _, labels in text_blocks(open_source(location, needs_labels=True)):
        yield from labels


def _zeros(found: re.Match[str]) -> str:
    return "0" * len(found[0])
