"""The range of the least KL divergence."""

from __future__ import annotations

import numpy as np
import pytest
from quantization.calibration.samples import COUNT, SAMPLES, both, histogram_of

from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS


@both
@pytest.mark.parametrize("name", ["gaussian", "gaussian after relu"])
def test_entropy_clips_a_far_outlier_but_not_the_body(name, symmetric):
    values = SAMPLES[name]
    low, high = CALIBRATORS["entropy"](histogram_of(np.append(values, 1000)), symmetric)
    assert 3 < high < 30
    assert low == (-high if symmetric else pytest.approx(values.min(), abs=1e-6))
    high = CALIBRATORS["entropy"](histogram_of([*np.tile(values, 10), 1000]), symmetric)[1]
    assert 3 < high < 30


def divergence(values, low, high, levels, width):
    """KL divergence, in nats, of `values` from what `levels` levels keep of them, counted in eighths of a level.

    Less what chance makes of it: half a nat for each degree of freedom and value (Miller, 1955); eighths that are
    narrower than the `width` of a bin are not independent.
    """
    inside = values[(values >= low) & (values <= high)]
    parts = np.histogram(inside, np.linspace(low, high, 8 * levels + 1))[0].reshape(levels, 8)
    occupied = parts > 0
    kept = parts.sum(1) / np.maximum(1, occupied.sum(1)) / len(inside)
    shares = parts / len(values)
    first, *_, last = np.argwhere(occupied)
    shares[tuple(first)] += np.mean(values < low)
    shares[tuple(last)] += np.mean(values > high)
    ratios = shares / np.repeat(kept[:, np.newaxis], 8, axis=1).clip(1e-12)
    size = (high - low) / levels / width
    freedom = occupied.sum() * min(1, size / 8) - occupied.any(1).sum() * min(1, size)
    return (shares[occupied] * np.log(ratios[occupied])).sum() - freedom / (2 * len(values))


@both
@pytest.mark.parametrize("name", ["gaussian", "laplace", "skewed", "heavy", "negative"])
@pytest.mark.parametrize("outlier", [0, 60])
def test_entropy_takes_the_range_of_the_least_divergence(name, symmetric, outlier):
    values = np.append(SAMPLES[name][:20_000], outlier).astype(np.float32)
    histogram, levels = histogram_of(values), 255 if symmetric else 256
    low, high = CALIBRATORS["minmax"](histogram, symmetric)
    thresholds = max(-low, high) * np.exp2(-np.arange(0, 6, 1 / 8))
    ranges = [(max(low, -threshold), min(high, threshold)) for threshold in thresholds]
    least = min(divergence(values, *ends, levels, histogram.width) for ends in ranges)
    found = CALIBRATORS["entropy"](histogram, symmetric)
    assert divergence(values, *found, levels, histogram.width) <= least + 0.0025


@pytest.mark.parametrize("outlier", [300, 1000, 4000])
def test_entropy_cuts_to_a_body_that_a_few_bins_hold(outlier):
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    low, high = CALIBRATORS["entropy"](histogram_of(np.append(values, outlier)), True)
    assert low == -high
    assert 4 < high < 5


def test_entropy_cuts_an_outlier_off_many_values_that_are_evenly_spread():
    values = np.append(np.random.default_rng(0).uniform(-1, 1, 50_000), 3).astype(np.float32)
    assert CALIBRATORS["entropy"](histogram_of(values), True)[1] == pytest.approx(1, abs=0.05)


def test_entropy_does_not_take_noise_for_shape():
    """The fewer levels the body gets, the fewer are the bins that differ by chance."""
    high = CALIBRATORS["entropy"](histogram_of(np.append(SAMPLES["gaussian"], 30)), False)[1]
    assert 3 < high < 8


@both
def test_entropy_covers_a_uniform_distribution_wholly(symmetric):
    values = np.random.default_rng(1).uniform(-1, 1, COUNT)
    histogram = histogram_of(values)
    assert CALIBRATORS["entropy"](histogram, symmetric) == CALIBRATORS["minmax"](histogram, symmetric)


def test_entropy_ignores_the_zeros_of_relu():
    positive = np.abs(SAMPLES["gaussian"])
    many = np.append(positive, np.zeros(9 * COUNT))
    wanted = CALIBRATORS["entropy"](histogram_of(positive), False)
    assert CALIBRATORS["entropy"](histogram_of(many), False) == pytest.approx(wanted, rel=0.05)
