"""From the values of a tensor to the range of them that INT8 should cover.

Values outside of the range saturate, those inside are rounded to one of its levels: a narrower range has more of the
first error and less of the second. The four calibrators weigh the two differently. See Nagel et al., "A White Paper on
Neural Network Quantization", arXiv:2106.08295, section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.quantization.calibration.histogram import Histogram
from crnn_deploy.quantization.config import CalibratorName

Range = tuple[float, float]

# The flag is what the target represents: -a to a in 255 levels (TensorRT), or low to high in 256 (CPU). A range
# always contains zero, which padding needs exactly, and is never empty. ValueError where nothing was observed.
Calibrator = Callable[[Histogram, bool], Range]

_NOTHING = 2.0**-100  # smaller magnitudes count as zero; scales of larger ranges are normal float32
_OCTAVES = 10  # searches shrink a range to 2^-10 at most: all of INT8 then lies within a few bins
_KEPT = 0.9999
_PARTS = 8  # of a level, as in Migacz (2048 bins, 128 levels) where half of the bins are clipped


def minmax(histogram: Histogram, symmetric: bool) -> Range:
    """Everything observed. Nothing saturates, but one outlier makes all other values coarse."""
    if histogram.count == 0:
        raise ValueError("Nothing was observed.")
    if histogram.magnitude < _NOTHING:
        return _range(0.0, 1.0, symmetric)
    return _range(histogram.lowest, histogram.highest, symmetric)


def percentile(histogram: Histogram, symmetric: bool) -> Range:
    """All but 0.01 % of the values: the farthest from zero, or half of them at each end of a two-sided tensor."""
    low, high = everything = minmax(histogram, symmetric)
    if histogram.magnitude < _NOTHING:
        return everything
    if symmetric:
        high = histogram.magnitude_quantile(_KEPT)
        low = -high
    else:
        beyond = (1 - _KEPT) / (2 if low < 0 < high else 1)
        low, high = _range(histogram.quantile(beyond), histogram.quantile(1 - beyond), symmetric=False)
    # Nearly all values may be zeros: the range is then an artefact of the bins.
    return (low, high) if max(-low, high) > histogram.width else everything


def entropy(histogram: Histogram, symmetric: bool) -> Range:
    """The range whose levels lose the least information, as KL divergence from the values' distribution.

    Migacz, "8-bit Inference with TensorRT", GTC 2017, with one threshold on the magnitude for both ends. Two thresholds
    would mean many more candidates, among which the noise of the estimate would choose; with both ends shrunk in
    proportion, one far value at one end would cut off many values at the other. All candidates are compared at the same
    resolution relative to their levels, so that coarse bins favour none of them.
    """
    low, high = minmax(histogram, symmetric)
    thresholds = max(-low, high) * np.exp2(-np.arange(0, _OCTAVES, 1 / 16))
    lows, highs = np.maximum(low, -thresholds), np.minimum(high, thresholds)
    best = int(np.argmin(divergences(histogram, lows, highs, _levels(symmetric))))
    return float(lows[best]), float(highs[best])


def mse(histogram: Histogram, symmetric: bool) -> Range:
    """The range with the least mean squared error of saturation and rounding together.

    A grid search over both ends, first in steps of half an octave, then ever finer around the best. Everything
    observed is among the candidates. Compare Banner et al., arXiv:1810.05723, who solve it for known distributions.
    """
    low, high = minmax(histogram, symmetric)
    if histogram.magnitude < _NOTHING:
        return low, high  # all candidates are exact
    best_low = best_high = 0.0  # in octaves less than everything
    for offsets in (np.arange(0, _OCTAVES, 1 / 2), np.arange(-4, 5) / 8, np.arange(-4, 5) / 32):
        by_low, by_high = np.meshgrid(best_low + offsets, best_high + offsets, indexing="ij")
        if symmetric or low == 0:
            by_low = by_high = by_high[:1]
        elif high == 0:
            by_low = by_high = by_low[:, :1]
        by_low, by_high = np.maximum(0, by_low.ravel()), np.maximum(0, by_high.ravel())
        errors = squared_errors(histogram, low * np.exp2(-by_low), high * np.exp2(-by_high), _levels(symmetric))
        best = int(np.argmin(errors))
        best_low, best_high = float(by_low[best]), float(by_high[best])
    return low * 2**-best_low, high * 2**-best_high


CALIBRATORS: Mapping[CalibratorName, Calibrator] = {
    "minmax": minmax,
    "percentile": percentile,
    "entropy": entropy,
    "mse": mse,
}


class TensorCalibration(Frozen):
    """The observed values of one tensor and the range that INT8 covers, in the tensor's own units."""

    name: str
    count: int
    lowest: float
    highest: float
    low: float = Field(description="lower end of the range covered")
    high: float
    saturated: float = Field(description="share of the values outside of the range")
    outliers: float = Field(description="largest magnitude over the 99.9 % quantile of magnitudes; 1: no tail at all")
    levels: float = Field(description="of 256 levels over the range, those that the central 99.9 % of values span")


def describe(name: str, histogram: Histogram, covered: Range) -> TensorCalibration:
    """How well the range `covered` fits the values of tensor `name`."""
    low, high = covered
    first, last = (min(high, max(low, histogram.quantile(q))) for q in (0.0005, 0.9995))
    # For a tensor of nearly all zeros this quantile is 0: the width of a bin keeps the ratio finite.
    body = max(histogram.magnitude_quantile(0.999), histogram.width)
    return TensorCalibration(
        name=name,
        count=histogram.count,
        lowest=histogram.lowest,
        highest=histogram.highest,
        low=low,
        high=high,
        saturated=histogram.share_outside(low, high) if histogram.magnitude >= _NOTHING else 0.0,
        outliers=max(1.0, histogram.magnitude / body),
        levels=1 + 255 * (last - first) / (high - low),
    )


def _range(low: float, high: float, symmetric: bool) -> Range:
    low, high = min(0.0, low), max(0.0, high)
    return (-max(-low, high), max(-low, high)) if symmetric else (low, high)


def _levels(symmetric: bool) -> int:
    return 255 if symmetric else 256


def divergences(
    histogram: Histogram, lows: NDArray[np.float64], highs: NDArray[np.float64], levels: int
) -> NDArray[np.float64]:
    """KL divergence, in nats, of the values from what `levels` levels over each range keep of them, `[G]`."""
    counts = _without_zeros(histogram)
    below = np.append(0, np.cumsum(counts)) / counts.sum()
    cuts = np.linspace(lows, highs, levels * _PARTS + 1, axis=1)
    shares = np.diff(np.interp(cuts, histogram.edges, below), axis=1)
    occupied = shares > 0
    # Within a level only the number of values is kept: they are spread evenly over its occupied parts.
    by_level = (len(lows), levels, _PARTS)
    parts = occupied.reshape(by_level).sum(2)
    inside = shares.sum(1)
    kept = np.repeat(shares.reshape(by_level).sum(2) / np.maximum(1, parts), _PARTS, axis=1)
    kept /= np.where(inside > 0, inside, 1)[:, np.newaxis]
    # Saturated values look like the outermost values inside.
    every = np.arange(len(lows))
    shares[every, occupied.argmax(1)] += np.interp(lows, histogram.edges, below)
    shares[every, -1 - occupied[:, ::-1].argmax(1)] += 1 - np.interp(highs, histogram.edges, below)
    ratios = np.divide(shares, kept, out=np.ones_like(shares), where=occupied)
    found: NDArray[np.float64] = (shares * np.log(ratios)).sum(1)
    # Chance alone makes the parts of a level differ: half a nat per degree of freedom and value (Miller, 1955). Wider
    # levels, with fewer parts where the values are, would look better for that. Parts of one bin are not independent.
    size = (highs - lows) / levels / histogram.width
    freedom = parts.sum(1) * np.minimum(1, size / _PARTS) - (parts > 0).sum(1) * np.minimum(1, size)
    found -= freedom / (2 * counts.sum())
    found[inside == 0] = np.inf
    return found


def _without_zeros(histogram: Histogram) -> NDArray[np.int64]:
    """Counts without the peak at zero that ReLU makes: zeros are exact in every range, so they must not count."""
    counts, zero = histogram.counts, -round(histogram.edges[0] / histogram.width)
    if 0 <= zero < len(counts):
        neighbours = [*counts[max(0, zero - 1) : zero], *counts[zero + 1 : zero + 2]]
        counts[zero] = min(counts[zero], max(neighbours, default=counts[zero]))
    return counts


def squared_errors(
    histogram: Histogram, lows: NDArray[np.float64], highs: NDArray[np.float64], levels: int
) -> NDArray[np.float64]:
    """Mean squared error of rounding the values to `levels` levels over each range, one of them zero, `[G]`.

    With q the nearest level and t the midpoints between levels, a step s apart up to the highest level h,
    E[(x - q)²] = E[(x - h)²] - 2 s Σ E[max(0, t - x)]: a sum over thresholds instead of one over bins. The last
    expectation is the integral of the cumulative distribution up to t, a table and a parabola within a bin.
    """
    width, edges = histogram.width, histogram.edges
    shares = np.append(histogram.counts / histogram.count, 0)  # none beyond the last edge
    below = np.append(0, np.cumsum(shares[:-1]))
    area = np.append(0, np.cumsum((below[:-1] + below[1:]) * (width / 2)))

    step = (highs - lows) / (levels - 1)
    first = -np.rint(-lows / step) * step
    thresholds = first[:, np.newaxis] + step[:, np.newaxis] * (np.arange(levels - 1) + 0.5)
    position = np.maximum(0, (thresholds - edges[0]) / width)
    index = np.minimum(position, len(shares) - 1).astype(np.intp)
    within = (position - index) * width
    integrals = area[index] + within * (below[index] + shares[index] * within / (2 * width))

    centres = edges[:-1] + width / 2
    mean = shares[:-1] @ centres
    variance = shares[:-1] @ (centres - mean) ** 2 + width**2 / 12
    last = first + step * (levels - 1)
    errors: NDArray[np.float64] = variance + (mean - last) ** 2 - 2 * step * integrals.sum(1)
    return errors
