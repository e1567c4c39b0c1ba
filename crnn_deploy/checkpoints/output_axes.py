"""What the axes of a network's outputs are, told from their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Axes = Literal["NTC", "TNC", "NCT"]


def axes_of(shape: Sequence[int], images: int, classes: int) -> Axes | None:
    """The axes of outputs of this shape for a batch of `images`: N images, T frames, C classes; None: no such ones.

    Where several fit, because frames are as many as images or classes, the earlier one of `NTC`, `TNC` and `NCT`.
    """
    if len(shape) != 3:
        return None
    first, second, third = shape
    if (first, third) == (images, classes):
        return "NTC"
    if (second, third) == (images, classes):
        return "TNC"
    return "NCT" if (first, second) == (images, classes) else None
