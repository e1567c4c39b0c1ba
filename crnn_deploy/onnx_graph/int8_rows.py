"""Symmetric INT8 weights with one scale for each row or output channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LARGEST = 127  # -128 is not used, so that a weight and its negative are equally exact


def quantize_rows(
    weights: NDArray[np.float32], row_axes: int, least: NDArray[np.floating] | None = None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """INT8 with one scale for each row, where the first `row_axes` axes number the rows.

    Args:
        least: smallest scale of each row, in a shape that broadcasts to the scales'; None: no bound.

    Returns:
        int8 of the same shape, and FP32 scales that broadcast to it. Each weight changes by at most half its row's
        scale. A row that is zero, or so small that its scale would not be a normal FP32 number, gets scale 1.
    """
    columns = tuple(range(row_axes, weights.ndim))
    scale = np.abs(weights).max(axis=columns, keepdims=True) / np.float32(_LARGEST)
    if least is not None:
        scale = np.maximum(scale, least)
    scale = scale.astype(np.float32)
    scale = np.where(scale > np.finfo(np.float32).tiny, scale, np.float32(1))
    return np.clip(np.rint(weights / scale), -_LARGEST, _LARGEST).astype(np.int8), scale


def quantize_channels(
    weights: NDArray[np.float32], axis: int, least: NDArray[np.floating] | None = None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """INT8 with one scale for each index along `axis`, which has C of them.

    Args:
        least: smallest scale, `[C]` or `[1]`; None: no bound.

    Returns:
        int8 of the same shape, and FP32 scales that broadcast to it.
    """
    first = np.moveaxis(weights, axis, 0)
    bound = None if least is None else least.reshape(-1, *[1] * (weights.ndim - 1))
    rows, scale = quantize_rows(first, 1, bound)
    return np.moveaxis(rows, 0, axis), np.moveaxis(scale, 0, axis)
