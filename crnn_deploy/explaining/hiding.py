"""Parts of a network's input that are hidden: in the colour of what lies around, so that nothing new appears."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.reading.seen import Box, Seen

_WINDOWS_ACROSS = 5
"""Windows of an occlusion that cover the side of a square picture."""

_STEPS = 3
"""Steps in which a window moves on by its own width."""

_LINE_WINDOWS = 5
"""A window of a line is so many times as high as wide, about a narrow character."""


def surroundings(seen: Seen) -> NDArray[np.float32]:
    """The median colour `[C]` of the picture in an input: the paper of a line, the background of most pictures."""
    area = seen.area
    values = seen.pixels[..., area.top : area.bottom, area.left : area.right]
    colours = np.moveaxis(values, -3, 0)  # of a clip those of all stills
    median: NDArray[np.float32] = np.median(colours.reshape(len(colours), -1), axis=1).astype(np.float32)
    return median


def hidden(seen: Seen, boxes: Sequence[Box], colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """The input with each of the boxes hidden in one copy of it, of a clip in all its stills: `[N, …, C, H, W]`."""
    copies = np.repeat(seen.pixels[np.newaxis], len(boxes), axis=0)
    for copy, box in zip(copies, boxes, strict=True):
        copy[..., box.top : box.bottom, box.left : box.right] = colour[:, np.newaxis, np.newaxis]
    return copies


def window_size(area: Box, is_line: bool) -> tuple[int, int]:
    """Height and width of what is hidden at once: all rows of a few columns of a line, or a square."""
    height, width = area.bottom - area.top, area.right - area.left
    if is_line:
        return height, min(width, max(2, round(height / _LINE_WINDOWS)))
    side = max(1, round((height * width) ** 0.5 / _WINDOWS_ACROSS))
    return min(height, side), min(width, side)


def windows(area: Box, size: tuple[int, int]) -> list[Box]:
    """Overlapping windows over an area; those at its edges reach beyond it, so that all pixels are hidden as often."""
    return [
        Box(max(area.top, top), min(area.bottom, top + size[0]), max(area.left, left), min(area.right, left + size[1]))
        for top in _starts(area.top, area.bottom, size[0])
        for left in _starts(area.left, area.right, size[1])
    ]


def _starts(begin: int, end: int, size: int) -> Iterator[int]:
    if size >= end - begin:
        yield begin
        return
    step = max(1, round(size / _STEPS))
    yield from range(begin - size + step, end, step)


def best_window(saliency: NDArray[np.float32], area: Box, size: tuple[int, int]) -> Box | None:
    """The window of a given height and width inside the area with the largest sum of saliency; None if it has none.

    Args:
        saliency: `[H, W]`, or `[1, W]` where all rows are alike.
    """
    rows = saliency[area.top : area.bottom] if len(saliency) > 1 else saliency
    values = rows[:, area.left : area.right].astype(np.float64)
    height, width = min(size[0], len(values)), min(size[1], values.shape[1])
    sums = np.lib.stride_tricks.sliding_window_view(values, (height, width)).sum(axis=(2, 3))
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    if sums[top, left] <= 0:
        return None
    bottom = area.bottom if len(saliency) == 1 else area.top + int(top) + height
    return Box(area.top + int(top), bottom, area.left + int(left), area.left + int(left) + width)
