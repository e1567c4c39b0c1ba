"""The likeliest classes of each frame: what a teacher of many thousand characters says, in little space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 32
"""Classes that are kept of a frame of a line; the share of the probability that they hold was measured.

On average PP-OCRv6 small (18,710 classes) leaves 0.001 % to the others on receipts, and 0.03 % on captchas, which it
cannot read; EasyOCR's english_g2 (97 classes) leaves 0.02 % and 0.13 % (`benchmarks/results/scale-alphabet.md`).
"""

_LEAST = 1e-4  # lower probabilities are not kept


@dataclass(frozen=True)
class Likeliest:
    """Log-probabilities of frames, of the likeliest classes one by one and of all others together.

    `classes` `[T, k]` and their `log_probs` `[T, k]`, the likeliest first; a frame that has fewer repeats its first
    class with -inf. `rest` `[T]` is that of all other classes together, -inf where there are none.
    """

    classes: NDArray[np.int64]
    log_probs: NDArray[np.float32]
    rest: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.rest)

    def __getitem__(self, frames: slice | NDArray[np.intp]) -> Likeliest:
        return Likeliest(self.classes[frames], self.log_probs[frames], self.rest[frames])

    @property
    def best(self) -> NDArray[np.int64]:
        """The likeliest class of each frame, `[T]`."""
        best: NDArray[np.int64] = self.classes[:, 0]
        return best

    def of(self, index: int) -> NDArray[np.float32]:
        """The log-probability `[T]` of one class; -inf where it is not among the likeliest."""
        found: NDArray[np.float32] = np.where(self.classes == index, self.log_probs, -np.inf).max(1)
        return found


def likeliest(log_probs: NDArray[np.float32]) -> Likeliest:
    """Those of the frames `[T, K]` of a line: at most `MOST_CLASSES` of each."""
    count = min(MOST_CLASSES, log_probs.shape[1])
    near = np.argpartition(-log_probs, count - 1, axis=1)[:, :count]
    classes, kept = _sorted(near, np.take_along_axis(log_probs, near, 1))
    likely = kept > np.log(_LEAST)
    likely[:, 0] = True
    left = 1 - np.where(likely, np.exp(kept, dtype=np.float64), 0).sum(1)
    left[likely.sum(1) == log_probs.shape[1]] = 0
    with np.errstate(divide="ignore"):
        rest = np.log(np.maximum(left, 0)).astype(np.float32)
    longest = int(likely.sum(1).max())
    classes, kept = np.where(likely, classes, classes[:, :1]), np.where(likely, kept, np.float32(-np.inf))
    return Likeliest(classes[:, :longest], kept[:, :longest], rest)


def all_classes(log_probs: NDArray[np.float32]) -> Likeliest:
    """Those of the one frame `[1, K]` of a classifier."""
    classes, kept = _sorted(np.arange(log_probs.shape[1])[None], log_probs)
    return Likeliest(classes, kept, np.full(1, -np.inf, np.float32))


def _sorted(
    classes: NDArray[np.int64], log_probs: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Classes `[T, k]` and their log-probabilities, the likeliest first; equal ones in the order of the classes."""
    order = np.lexsort((classes, -log_probs), axis=1)
    return np.take_along_axis(classes, order, 1), np.take_along_axis(log_probs, order, 1)
