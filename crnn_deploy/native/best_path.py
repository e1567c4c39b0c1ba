"""The most probable path of a line in the library: what `reading.best_path` finds, in a fifth of the time."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.native import library_function

_NAME = "crnn_deploy_best_path"
_RUN = np.dtype([("label", np.int32), ("highest", np.float32), ("first", np.int32), ("end", np.int32)])


class _Input(ctypes.Structure):
    """`PathInput` of best_path.cc."""

    _fields_ = [
        ("output", ctypes.c_void_p),
        ("frames", ctypes.c_int32),
        ("classes", ctypes.c_int32),
        ("blank", ctypes.c_int32),
        ("temperature", ctypes.c_float),
        ("runs", ctypes.c_void_p),
        ("confidence", ctypes.c_double),
    ]


def best_path(
    output: NDArray[np.float32], blank: int, temperature: float
) -> tuple[list[tuple[int, float, int, int]], float]:
    """The runs on the path (class, highest probability, first frame, the one after the last), and the confidence.

    Args:
        output: `[T, K]`, logits or log-probabilities, all of them finite.
    """
    output = np.ascontiguousarray(output, np.float32)
    frames, classes = output.shape
    runs = np.empty(frames, _RUN)
    line = _Input(output.ctypes.data, frames, classes, blank, temperature, runs.ctypes.data)
    count = library_function(_NAME)(ctypes.byref(line))
    if count < 0:
        raise RuntimeError("the environment names kernels that are not there")
    found: list[tuple[int, float, int, int]] = runs[:count].tolist()
    return found, line.confidence


def available() -> bool:
    """Whether the library is there and can be loaded."""
    return library_function(_NAME) is not None
