"""Magnitudes at the limit below which activations count as zeros, and zeros at the limit of a percentile."""

from __future__ import annotations

import numpy as np
import pytest
from quantization.calibration.samples import COUNT, SAMPLES, both, histogram_of

from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS, describe

every = pytest.mark.parametrize("calibrator", sorted(CALIBRATORS))


@every
@both
def test_the_least_values_that_count_get_the_range_of_larger_ones(calibrator, symmetric):
    values = SAMPLES["gaussian"][:5000].astype(np.float32)
    values = np.append(values / np.abs(values).max(), np.float32(1))
    low, high = CALIBRATORS[calibrator](histogram_of(values), symmetric)
    least = histogram_of(np.ldexp(values, -100))
    assert CALIBRATORS[calibrator](least, symmetric) == (low * 2.0**-100, high * 2.0**-100)
    share = np.mean((values < 0) | (values > 0.5))
    assert describe("x", least, (0, 2.0**-101)).saturated == pytest.approx(share, abs=0.01)
    less = histogram_of(np.ldexp(values, -101))
    assert CALIBRATORS[calibrator](less, symmetric)[1] > 0.4
    assert describe("x", less, (0, 2.0**-102)).saturated == 0


@both
def test_zeros_that_are_just_as_many_as_a_percentile_keeps_are_no_range(symmetric):
    values = np.zeros(COUNT)
    values[:10] = 10  # 0.01 %
    assert CALIBRATORS["percentile"](histogram_of(values), symmetric)[1] == 10
