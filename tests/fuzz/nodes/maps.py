"""Sizes of windows and maps, and how nodes with windows are made wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from fuzz.nodes.spoiling import bad_integers

SAMPLES, HEIGHTS, WIDTHS = (1, 1, 2, 3, 17), (1, 2, 3, 4, 7, 16, 33), (1, 2, 5, 15, 16, 17, 31, 32, 33, 65, 200)
KERNELS, STRIDES, PADS = (1, 1, 2, 3, 3, 4, 5, 7), (1, 1, 1, 2, 2, 3, 7, 40), (0, 0, 0, 1, 1, 2, 3, 10)


def with_bad_attributes(*names: str) -> Callable[[Random, Any], Any]:
    """A function that makes one of these attributes wrong, of a case whose `case` has them."""

    def spoil(random: Random, case: Any) -> Any:
        name = random.choice(names)
        changed = bad_integers(random, getattr(case.case, name), 0 if name == "pads" else 1)
        return replace(case, attributes={name: changed}, wrong=name, refused=True)

    return spoil


def of_too_small_a_map(random: Random, case: Any) -> Any:
    """A map that is empty, or smaller than the kernel with its padding."""
    shape, axis = list(case.fed["X"].shape), random.choice((0, 1, 2))
    smallest = 0
    if axis:
        padding = case.case.pads[axis - 1] + case.case.pads[axis + 1]
        smallest = max(0, case.case.kernel[axis - 1] - padding - 1)
    shape[axis] = random.choice((0, smallest))
    return replace(case, fed={**case.fed, "X": np.zeros(shape, np.uint8)}, wrong="too small a map", refused=True)
