"""Cuts a line of text out around its center line, which may be bent, and scales it to the height of the network.

The algorithm is ocropy's line normalisation (Breuel, https://github.com/ocropus-archive/DUP-ocropy, `lineest.py`),
with the constants that kraken uses for lines that were found as boxes: the image is blurred, the center of a column is
its darkest row, and what is within four mean distances of ink from the center stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.limits import MAX_CENTERED_HEIGHT
from crnn_deploy.preprocessing import Preprocessing

_RANGE = 4  # mean distances of ink from the center that are kept on each side
_SMOOTHNESS_DOWN, _SMOOTHNESS_ALONG, _SMOOTHNESS_CENTER = 0.5, 1.0, 0.3  # deviations of the blur, in heights
_TIE_BREAK = 0.001  # weight of a wide mean, which decides where the blur is flat
_TRUNCATION = 4.0  # deviations up to which a Gaussian is summed
_BLOCK = 1 << 20  # numbers that are transformed at once

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Centers:
    """The center row of each column `[W]`, and the rows that are kept above it."""

    rows: NDArray[np.int64]
    radius: int


def straightened(grey: Image.Image, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The line `[H, W]` around its center line, on the height of the network; a blank image stays blank.

    Args:
        grey: of mode `L`, dark text on light paper.
        preprocessing: gives the height, and the least and the largest width.
    """
    if grey.height > MAX_CENTERED_HEIGHT:
        width = max(1, grey.width * MAX_CENTERED_HEIGHT // grey.height)
        grey = grey.resize((width, MAX_CENTERED_HEIGHT), Image.Resampling.BILINEAR)
    line = np.asarray(grey, np.uint8)
    paper = line.max()
    ink = (paper - line).astype(np.float64)
    if not ink.any():
        width = preprocessing.resized_width(*grey.size)
        return np.full((preprocessing.height, width), paper, np.uint8)
    return _cut_out(line, _centers(ink / ink.max()), preprocessing)


def is_squeezed(grey: Image.Image, preprocessing: Preprocessing) -> bool:
    """Whether the line around its center line would be wider than `max_width`; its header alone does not say it."""
    wider = preprocessing.model_copy(update={"max_width": preprocessing.max_width + 1})
    return len(straightened(grey, wider)[0]) > preprocessing.max_width


def _centers(ink: Floats) -> _Centers:
    """Where the center line of `[H, W]` is: ink is 1, paper 0."""
    height, width = ink.shape
    blurred = _blur(_blur(ink.T, height * _SMOOTHNESS_DOWN).T, height * _SMOOTHNESS_ALONG)
    blurred += _TIE_BREAK * _mean(_mean(blurred.T, int(height * 0.5)).T, width)
    rows = _smoothed(blurred.argmax(axis=0), height * _SMOOTHNESS_CENTER)
    distances = np.abs(np.arange(height)[:, np.newaxis] - rows)
    return _Centers(rows, int(1 + _RANGE * distances[ink != 0].mean()))


def _gaussian(deviation: float) -> Floats:
    """The weights of a Gaussian from its middle on, whose sum over both sides is 1."""
    radius = int(_TRUNCATION * deviation + 0.5)
    weights = np.exp(-0.5 / (deviation * deviation) * np.arange(-radius, radius + 1) ** 2)
    normalised: Floats = weights / weights.sum()
    return normalised[radius:]


def _blur(values: Floats, deviation: float) -> Floats:
    """Blur `[M, L]` along the last axis, with zeros beside it."""
    count, length = values.shape
    half = _gaussian(deviation)[:length]
    size = length + len(half) - 1
    kernel = np.zeros(size)
    kernel[: len(half)] = half
    kernel[size - len(half) + 1 :] += half[:0:-1]
    spectrum = np.fft.rfft(kernel)
    step = max(1, _BLOCK // size)
    blurred = np.empty((count, length))
    for start in range(0, count, step):
        block = np.fft.rfft(values[start : start + step], size)
        blurred[start : start + step] = np.fft.irfft(block * spectrum, size)[:, :length]
    return blurred


def _mean(values: Floats, size: int) -> Floats:
    """The mean of `size` numbers around each of `[M, L]` along the last axis, with zeros beside it."""
    if size <= 1:
        return values
    length = values.shape[1]
    sums = np.concatenate([np.zeros((len(values), 1)), values.cumsum(axis=1)], axis=1)
    first = np.arange(length) - size // 2
    last = np.minimum(first + size, length)
    mean: Floats = (sums[:, last] - sums[:, np.maximum(first, 0)]) / size
    return mean


def _smoothed(rows: NDArray[np.int64], deviation: float) -> NDArray[np.int64]:
    """Smooth whole numbers, mirrored at the ends; what is behind the point is cut off, as ocropy does it.

    The sum runs from the outermost pair of neighbours to the innermost: another order would round differently, and
    where the rows are equal the sum lies next to a whole number.
    """
    half = _gaussian(deviation)
    radius, length = len(half) - 1, len(rows)
    mirrored = np.pad(rows, radius, "symmetric").astype(np.float64)
    total = mirrored[radius : radius + length] * half[0]
    for distance in range(radius, 0, -1):
        left = mirrored[radius - distance : radius - distance + length]
        right = mirrored[radius + distance : radius + distance + length]
        total += (left + right) * half[distance]
    whole: NDArray[np.int64] = total.astype(np.int64)
    return whole


def _cut_out(line: NDArray[np.uint8], centers: _Centers, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """What is around the center line, scaled by linear interpolation; paper where the image ends."""
    height, width = line.shape[0], line.shape[1]
    kept, scale = 2 * centers.radius, preprocessing.height / (2 * centers.radius)
    scaled = int(scale * width)
    columns = min(preprocessing.max_width, max(preprocessing.min_width, scaled))
    step = 1.0 / scale if columns == scaled else width / columns
    x, y = np.arange(columns) * step, np.arange(preprocessing.height) * (1.0 / scale)
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    paper = line.max()

    def at(row: NDArray[np.int64], column: NDArray[np.int64]) -> Floats:
        column = np.minimum(column, width - 1)
        source = row[:, np.newaxis] + (centers.rows - centers.radius)[column]
        inside = (source >= 0) & (source < height)
        found = line[source.clip(0, height - 1), np.broadcast_to(column, source.shape)]
        values: Floats = np.where(inside, found, paper).astype(np.float64)
        return values

    right, down = x - left, (y - top)[:, np.newaxis]
    above = at(top, left) * (1 - right) + at(top, left + 1) * right
    below = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    between = above * (1 - down) + below * down
    outside = (y > kept - 1)[:, np.newaxis] | (x > width - 1)
    result: NDArray[np.uint8] = np.where(outside, paper, between).astype(np.float32).astype(np.uint8)
    return result
