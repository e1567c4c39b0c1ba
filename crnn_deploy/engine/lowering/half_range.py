"""Whether FP16 can hold the numbers of a constant."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = float(np.finfo(np.float16).max)
_COARSEST = 0.01  # relative error of numbers too small for FP16's full precision


def misfit(values: NDArray[Any], all_matter: bool = False, may_vanish: bool = False) -> str:
    """Why FP16 can't hold the numbers of a constant; empty where it can.

    Weights that become 0 beside larger ones do no harm; a constant that is small as a whole must not, such as one that
    keeps a division from zero.

    Args:
        all_matter: the smallest number counts as well as the largest, as of scales, one for each channel.
        may_vanish: all may become 0, as of biases: what they are added to has no more digits in FP16.
    """
    magnitudes = np.abs(values[np.isfinite(values) & (values != 0)]).astype(np.float64)
    if magnitudes.size == 0:
        return ""
    with np.errstate(over="ignore"):
        if np.isinf(magnitudes.max().astype(np.float16)):
            return f"{magnitudes.max():.3g} is beyond FP16's largest number, {LARGEST:,.0f}"
        if may_vanish:
            return ""
        least = magnitudes.min() if all_matter else magnitudes.max()
        if abs(float(least.astype(np.float16)) - least) > _COARSEST * least:
            return f"{least:.3g} is too small for FP16"
    return ""
