"""The most probable path of a line in the library: what `reading.best_path` finds, in a fifth of the time."""

from __future__ import annotations

from struct import Struct

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.native import library_function
from crnn_deploy.native.places import place_of

_NAME = "crnn_deploy_best_path"
_RUN = np.dtype([("label", np.int32), ("highest", np.float32), ("first", np.int32), ("end", np.int32)])
_INPUT = Struct("@PPP3if")
"""`PathInput` of best_path.cc."""


def best_path(
    output: NDArray[np.float32], blank: int, temperature: float
) -> tuple[list[tuple[int, float, int, int]], float]:
    """The runs on the path (class, highest probability, first frame, the one after the last), and the confidence.

    Args:
        output: `[T, K]`, logits or log-probabilities, all of them finite, of a frame at least.
    """
    output = np.ascontiguousarray(output, np.float32)
    if not output.flags.writeable:
        output = output.copy()
    frames, classes = output.shape
    runs, confidence = np.empty(frames, _RUN), np.empty(1, np.float64)
    places = place_of(output), place_of(runs), place_of(confidence)
    count = library_function(_NAME)(_INPUT.pack(*places, frames, classes, blank, temperature))
    if count < 0:
        raise RuntimeError("the environment names kernels that are not there")
    found: list[tuple[int, float, int, int]] = runs[:count].tolist()
    return found, confidence.item()


def available() -> bool:
    """Whether the library is there and can be loaded."""
    return library_function(_NAME) is not None
