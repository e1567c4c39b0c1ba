"""Lines wider than a model takes: cut at blank columns into overlapping pieces, and the logits joined again.

A piece begins and ends between characters, and shares some of them with its neighbour. The two are joined at a
character that both read at the same place, so nothing is read twice or lost, whatever decodes the logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.runs import equal_runs, runs_of

Piece = tuple[int, int]
"""First column of a piece of a line, and the one after its last."""

_BLANK = 0.1
"""Columns with less than this share of the way from the least ink to that of characters are blank."""

_LEAST_CONTRAST = 0.35
"""If the column with the least ink has a larger share of that of characters, there are no blank columns: noise."""

_FEWEST_STEPS = 4
"""A model that takes fewer steps of its width is too narrow for pieces that overlap."""


def cut(line: NDArray[np.float32], preprocessing: Preprocessing) -> list[Piece]:
    """Pieces of a line `[C, H, W]` without margins, empty where too few columns are blank.

    None is wider than `max_width`, and none is narrower than `pad_to`: so they need no more padding than the line.
    """
    without_rules = line - np.median(line, axis=2, keepdims=True)  # of a rule below the text, each row keeps its colour
    candidates = (_cut_where(_blank_columns(values), preprocessing) for values in (without_rules, line))
    return next((pieces for pieces in candidates if pieces), [])


def with_margins(
    padded: NDArray[np.float32], piece: Piece, preprocessing: Preprocessing
) -> tuple[NDArray[np.float32], Piece]:
    """The network's input `[C, H, W']` for a piece, with the margins of a line of its own, and its columns.

    Args:
        padded: the whole line `[C, H, W]` with its margins.
        piece: of the line without its margins.
    """
    start, end = piece
    margin = preprocessing.margin
    inside = padded[:, :, margin + start : margin + end]
    behind = preprocessing.line_width(end - start) - (end - start) - margin
    edge = preprocessing.padding == "edge"
    left, right = (inside[:, :, :1], inside[:, :, -1:]) if edge or not margin else (padded[:, :, :1],) * 2
    sides = np.repeat(left, margin, axis=2), np.repeat(right, behind, axis=2)
    return np.concatenate([sides[0], inside, sides[1]], axis=2), (start - margin, end + behind)


def without_margins(padded: NDArray[np.float32], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """A line `[C, H, W]` without the margins on both sides; what pads it to whole multiples stays."""
    return padded[:, :, preprocessing.margin : padded.shape[2] - preprocessing.margin]


def _cut_where(blank: NDArray[np.bool_], preprocessing: Preprocessing) -> list[Piece]:
    """Pieces that begin and end in the columns `[W]` that are blank; empty where these are too few."""
    step = preprocessing.width_multiple
    widest = preprocessing.max_width // step * step
    if widest < _FEWEST_STEPS * step:
        return []
    total = len(blank)
    pieces: list[Piece] = []
    start = 0
    while total - start > widest:
        end = _widest_blank(blank, start + widest * 3 // 4, start + widest)
        end = _widest_blank(blank, start + widest // 2, start + widest) if end is None else end
        if end is None:
            return []
        pieces.append((start, start + _up(end - start, step)))
        again = _widest_blank(blank, end - widest // 4, end - preprocessing.height)
        again = max(_start_of_blank(blank, end), end - widest // 4) if again is None else again
        start = min(again, total - max(widest // 4, preprocessing.pad_to)) // step * step
    return [*pieces, (start, total)]


def joined(outputs: Sequence[NDArray[np.float32]], frames: Sequence[slice]) -> NDArray[np.float32]:
    """The output `[T, K]` of a line from those of its pieces, or of itself, and which frames of each count."""
    if len(outputs) == 1:
        return outputs[0]
    return np.concatenate([output[kept] for output, kept in zip(outputs, frames, strict=True)])


def kept_frames(logits: Sequence[NDArray[np.float32]], pieces: Sequence[Piece], height: int, blank: int) -> list[slice]:
    """Which frames of each piece make the line, so that what two pieces show counts once.

    Args:
        logits: `[T, K]` of each piece.
        pieces: with their margins.
        height: of the line in pixels: the same character may lie up to a quarter of it apart in two pieces.
        blank: class of the CTC blank.
    """
    readings = [_Reading.of(output, piece, blank) for output, piece in zip(logits, pieces, strict=True)]
    seams = [_seam(left, right, height / 4) for left, right in pairwise(readings)]
    firsts = [0, *(following for _, following in seams)]
    ends = [*(last for last, _ in seams), readings[-1].frames]
    return [slice(first, max(first, end)) for first, end in zip(firsts, ends, strict=True)]


@dataclass(frozen=True)
class _Character:
    """A run of equal frames on the best path: its class, the frame after its last, and its centre in the line."""

    index: int
    end: int
    centre: float


@dataclass(frozen=True)
class _Reading:
    """What is read in a piece, and where."""

    piece: Piece
    frames: int
    characters: list[_Character]

    @classmethod
    def of(cls, logits: NDArray[np.float32], piece: Piece, blank: int) -> _Reading:
        """The best path of `[T, K]`."""
        scale = (piece[1] - piece[0]) / len(logits)
        characters = [
            _Character(index, end, piece[0] + (first + end) / 2 * scale)
            for index, first, end in equal_runs(logits.argmax(axis=1).tolist())
            if index != blank
        ]
        return cls(piece, len(logits), characters)

    def frame_at(self, column: float) -> int:
        begin, end = self.piece
        return round((column - begin) * self.frames / (end - begin))


def _seam(left: _Reading, right: _Reading, apart: float) -> tuple[int, int]:
    """How many frames of `left` come before the seam, and the first one of `right` behind it.

    The seam lies behind a character that both read at the same place, near the centre of their overlap; where there is
    none, at the centre.
    """
    centre = (right.piece[0] + left.piece[1]) / 2
    shared = [
        (4 * abs(ours.centre - theirs.centre) + abs(ours.centre - centre), ours.end, theirs.end)
        for ours in left.characters
        for theirs in right.characters
        if ours.index == theirs.index and abs(ours.centre - theirs.centre) <= apart
    ]
    if shared:
        _, last, following = min(shared)
        return last, following
    return left.frame_at(centre), right.frame_at(centre)


def _blank_columns(line: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which columns `[W]` hold no ink, on light or dark paper: their pixels are all the same, but for noise."""
    ink = line.std(axis=1).mean(axis=0)
    least, most = np.percentile(ink, (2, 90))
    if least > _LEAST_CONTRAST * most:
        return np.zeros(len(ink), bool)
    return np.asarray(ink <= least + _BLANK * (most - least))


def _widest_blank(blank: NDArray[np.bool_], low: int, high: int) -> int | None:
    """The centre of the longest run of blank columns between two columns, the last one of equal runs."""
    runs = runs_of(blank[low : max(low, high)])
    if not runs:
        return None
    start, end = max(reversed(runs), key=lambda run: run[1] - run[0])  # of equal runs the last
    return low + (start + end) // 2


def _start_of_blank(blank: NDArray[np.bool_], column: int) -> int:
    """The first column of the blank run that `column` is in."""
    inked = np.flatnonzero(~blank[:column])
    return int(inked[-1]) + 1 if len(inked) else 0


def _up(width: int, step: int) -> int:
    return -(-width // step) * step
