"""Resamples the teacher's frames to the student's frame rate without losing characters.

CTC outputs are spikes between long runs of blank. The average of two frames would mix a spike with the blank. So a
student frame takes the teacher frame of its window that has the lowest probability of the blank.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from crnn_deploy.training.teachers.likeliest import Likeliest


def chosen_frames(frames: Likeliest, length: int, blank: int) -> NDArray[np.intp]:
    """Index of the teacher's frame that each of `length` student frames takes.

    To a lower frame rate, each student frame takes the teacher frame with the lowest probability of the blank among
    those whose centre it covers. To a higher one, it takes the nearest teacher frame.
    """
    available = len(frames)
    if available <= length:
        return ((np.arange(length) + 0.5) * available / length).astype(np.intp)
    window = ((np.arange(available) + 0.5) * length / available).astype(int)
    least_blank_first = np.lexsort((frames.of(blank), window))
    _, first = np.unique(window[least_blank_first], return_index=True)
    return least_blank_first[first]


def spikes_kept(before: Likeliest, after: Likeliest, blank: int) -> float:
    """Share of the characters read from `before` that can still be read from `after`."""
    return Levenshtein.normalized_similarity(_collapse(before, blank), _collapse(after, blank))


def _collapse(frames: Likeliest, blank: int) -> list[int]:
    return [int(c) for c, _ in groupby(frames.best.tolist()) if c != blank]
