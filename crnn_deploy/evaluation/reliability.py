"""How well confidences agree with the share of images that are read right."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from crnn_deploy.config import Frozen

_BINS = 10


class ConfidenceBin(Frozen):
    """The images whose confidences lie between two tenths."""

    images: int
    confidence: float = Field(description="mean confidence of the images")
    right: float = Field(description="share that is read right")


class Reliability(Frozen):
    """Confidences beside the share that is right, a line without regard to case.

    `calibration_error` is the mean difference of the two over the bins, weighted by their images (ECE; Naeini et al.,
    AAAI 2015); `bins` has those that hold images, by rising confidence.
    """

    calibration_error: float
    bins: tuple[ConfidenceBin, ...]


def reliability(confidences: ArrayLike, right: NDArray[np.bool_]) -> Reliability:
    """The reliability of at least one image: their confidences `[N]`, and whether each is read right."""
    sure = np.asarray(confidences, np.float64)
    places = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    bins = tuple(
        ConfidenceBin(images=int(here.sum()), confidence=float(sure[here].mean()), right=float(right[here].mean()))
        for here in (places == place for place in np.unique(places))
    )
    error = sum(each.images * abs(each.confidence - each.right) for each in bins) / len(sure)
    return Reliability(calibration_error=error, bins=bins)
