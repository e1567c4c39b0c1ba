"""Where a line can be cut between two characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.reading.reading import Character
from crnn_deploy.reading.runs import runs_of

_FAINT = 0.25
"""Share of the darkest ink up to which a column counts as empty."""


class Cut(NamedTuple):
    """A place between two characters.

    Attributes:
        before: characters of the text left of it.
        after: the first character right of it; one further where the cut is in a space.
        column: of the picture where the right part begins.
    """

    before: int
    after: int
    column: int

    @property
    def at_space(self) -> bool:
        """Whether a space is cut; it then belongs to neither part."""
        return self.after > self.before


def cuts_of(characters: Sequence[Character], pixels: NDArray[np.uint8]) -> tuple[Cut, ...]:
    """The cuts of a line `[H, W]` in columns without ink, between characters that are where a model saw them."""
    ink = np.abs(pixels.astype(np.int16) - int(np.median(pixels))).max(axis=0)
    empty = ink <= _FAINT * ink.max()
    return tuple(_cuts(characters, empty))


def _cuts(characters: Sequence[Character], empty: NDArray[np.bool_]) -> Iterator[Cut]:
    for before in range(1, len(characters)):
        after = before + (characters[before].text == " ")
        if characters[before - 1].text == " " or after == len(characters):
            continue
        first, last = _middle(characters[before - 1]) + 1, _middle(characters[after])
        gaps = runs_of(empty[first:last])
        if gaps:
            start, end = max(gaps, key=lambda gap: gap[1] - gap[0])
            yield Cut(before, after, first + (start + end) // 2)


def _middle(character: Character) -> int:
    return int((character.left + character.right) / 2)
