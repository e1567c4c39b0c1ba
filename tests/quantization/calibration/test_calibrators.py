from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from quantization.calibration.samples import COUNT, SAMPLES, both, histogram_of, samples

from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS, describe, squared_errors
from crnn_deploy.quantization.calibration.histogram import Histogram

arrays = hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e6, 1e6, width=32))
calibrators = st.sampled_from(sorted(CALIBRATORS))
every = pytest.mark.parametrize("calibrator", sorted(CALIBRATORS))


def squared_error(values, low, high, symmetric):
    """Mean squared error of what a runtime makes of the range."""
    top = 254 if symmetric else 255
    scale = (high - low) / top
    zero_point = np.rint(-low / scale)
    steps = np.clip(np.rint(values / scale) + zero_point, 0, top) - zero_point
    return np.mean((values - steps * scale) ** 2)


@given(arrays, calibrators, st.booleans())
def test_ranges_contain_zero_and_nothing_that_was_not_observed(values, calibrator, symmetric):
    low, high = CALIBRATORS[calibrator](histogram_of(values), symmetric)
    assert type(low) is type(high) is float
    assert low <= 0 <= high
    assert low < high
    if np.abs(values).max() < 1e-20:
        return
    if symmetric:
        assert low == -high
        assert high <= np.abs(values).max()
    else:
        assert min(0, values.min()) <= low
        assert high <= max(0, values.max())


@given(arrays, calibrators, st.booleans(), st.integers(-20, 20))
def test_ranges_scale_with_the_values(values, calibrator, symmetric, power):
    assume(np.abs(values).max() > 1e-20)
    values[np.abs(values) < 1e-20] = 0
    scale = 2.0**power
    low, high = CALIBRATORS[calibrator](histogram_of(values), symmetric)
    scaled = CALIBRATORS[calibrator](histogram_of(values * np.float32(scale)), symmetric)
    assert scaled == (low * scale, high * scale)


@every
@samples
def test_negated_values_get_the_negated_range(calibrator, name):
    low, high = CALIBRATORS[calibrator](histogram_of(SAMPLES[name]), False)
    negated = CALIBRATORS[calibrator](histogram_of(-SAMPLES[name]), False)
    assert negated == pytest.approx((-high, -low), rel=0.2)  # a percentile of heavy tails lies between far values


@every
@both
def test_zeros_get_a_harmless_range(calibrator, symmetric):
    assert CALIBRATORS[calibrator](histogram_of(np.zeros(9)), symmetric) == (-1 if symmetric else 0, 1)


@every
@pytest.mark.parametrize("value", [5.0, -0.3, 3e38, 1e-25])
def test_constants_are_covered(calibrator, value):
    histogram = histogram_of(np.full(1000, value))
    assert CALIBRATORS[calibrator](histogram, False) == (min(0, histogram.lowest), max(0, histogram.highest))


@every
def test_values_after_relu_start_at_zero(calibrator):
    assert CALIBRATORS[calibrator](histogram_of(SAMPLES["gaussian after relu"]), False)[0] == 0


@every
def test_tensors_never_observed_are_an_error(calibrator):
    with pytest.raises(ValueError, match="Nothing was observed"):
        CALIBRATORS[calibrator](Histogram(), False)


@both
@samples
def test_minmax_covers_everything(name, symmetric):
    values = SAMPLES[name].astype(np.float32)
    low, high = CALIBRATORS["minmax"](histogram_of(values), symmetric)
    if symmetric:
        assert high == np.abs(values).max()
    else:
        assert (low, high) == (min(0, values.min()), max(0, values.max()))


@samples
def test_percentile_is_that_of_numpy(name):
    values = SAMPLES[name]
    histogram = histogram_of(values)
    two_sided = values.min() < 0 < values.max()
    ends = np.percentile(values, (0.005, 99.995) if two_sided else (0.01, 99.99), method="inverted_cdf")
    low, high = CALIBRATORS["percentile"](histogram, False)
    assert low == pytest.approx(min(0, ends[0]), abs=histogram.width)
    assert high == pytest.approx(max(0, ends[1]), abs=histogram.width)
    high = CALIBRATORS["percentile"](histogram, True)[1]
    assert high == pytest.approx(np.percentile(np.abs(values), 99.99, method="inverted_cdf"), abs=histogram.width)


@every
def test_few_values_among_zeros_are_not_lost(calibrator):
    values = np.zeros(COUNT)
    values[:5] = 10
    low, high = CALIBRATORS[calibrator](histogram_of(values), False)
    assert (low, high) == (0, 10)


def assert_mse_is_as_good_as_brute_force(values, symmetric):
    low, high = CALIBRATORS["minmax"](histogram_of(values), symmetric)
    shrunk = np.linspace(0.15, 1, 40)
    ends = [(low * s, high * s) for s in shrunk]
    if low < 0 < high and not symmetric:
        ends += [(low * a, high * b) for a in shrunk[::4] for b in shrunk[::4]]
    best = min(squared_error(values, *end, symmetric) for end in ends)
    found = squared_error(values, *CALIBRATORS["mse"](histogram_of(values), symmetric), symmetric)
    assert found <= best * 1.02


@both
@samples
def test_the_error_that_mse_minimises_is_that_of_rounding_every_value(name, symmetric):
    values = SAMPLES[name][:20_000]
    histogram = histogram_of(values)
    low, high = CALIBRATORS["minmax"](histogram, symmetric)
    shares = np.array([1.0, 0.7, 0.3, 0.1])
    found = squared_errors(histogram, low * shares, high * shares, 255 if symmetric else 256)
    expected = [squared_error(values, low * share, high * share, symmetric) for share in shares]
    assert found == pytest.approx(expected, rel=0.02)


@both
@samples
def test_mse_is_as_good_as_brute_force(name, symmetric):
    assert_mse_is_as_good_as_brute_force(SAMPLES[name][:20_000], symmetric)


@both
def test_mse_is_as_good_as_brute_force_with_an_outlier_that_pays_to_clip(symmetric):
    assert_mse_is_as_good_as_brute_force(np.append(np.tile(SAMPLES["gaussian"][:20_000], 20), 40), symmetric)


@pytest.mark.parametrize("lowest", [-0.05, -0.13, -0.31])
def test_mse_knows_that_zero_and_thus_the_grid_is_shifted(lowest):
    """Values on a grid that the range fits only if it is shifted: low / step is not whole."""
    values = np.clip(np.round(SAMPLES["gaussian"][:20_000] * 20) / 80, lowest, 1)
    assert_mse_is_as_good_as_brute_force(values, symmetric=False)


@both
@samples
@pytest.mark.parametrize("outlier", [0, 30])
def test_no_calibrator_has_a_lower_squared_error_than_mse(name, symmetric, outlier):
    values = np.append(SAMPLES[name], outlier)
    errors = {
        key: squared_error(values, *calibrator(histogram_of(values), symmetric), symmetric)
        for key, calibrator in CALIBRATORS.items()
    }
    assert errors["mse"] <= min(errors.values()) * 1.01
    assert errors["mse"] <= errors["minmax"]


def test_mse_searches_both_ends():
    random = np.random.default_rng(1)
    values = np.append(random.uniform(-1, 0, COUNT), random.exponential(size=COUNT))
    low, high = CALIBRATORS["mse"](histogram_of(values), False)
    assert low == pytest.approx(-1, rel=0.05)
    assert high < 0.95 * values.max()


@pytest.mark.parametrize("name", ["skewed", "heavy", "negative"])
def test_a_symmetric_range_is_symmetric_however_the_values_lie(name):
    for values in (SAMPLES[name], np.append(SAMPLES[name], 50)):
        low, high = CALIBRATORS["mse"](histogram_of(values), True)
        assert low == -high


def test_description_of_a_gaussian_clipped_at_two_sigma():
    values = SAMPLES["gaussian"].astype(np.float32)
    found = describe("conv1", histogram_of(values), (-2.0, 2.0))
    assert (found.name, found.count, found.low, found.high) == ("conv1", COUNT, -2, 2)
    assert (found.lowest, found.highest) == (values.min(), values.max())
    assert found.saturated == pytest.approx((np.abs(values) > 2).mean(), abs=1e-3)
    assert found.outliers == pytest.approx(np.abs(values).max() / np.quantile(np.abs(values), 0.999), rel=0.01)
    assert found.levels == 256


def test_levels_are_those_of_the_central_values():
    values = SAMPLES["gaussian"]
    first, last = np.quantile(values, (0.0005, 0.9995))
    for low, high in ((-20.0, 20.0), (-10.0, 30.0)):
        expected = 1 + 255 * (last - first) / (high - low)
        assert describe("x", histogram_of(values), (low, high)).levels == pytest.approx(expected, rel=2e-3)


@both
@pytest.mark.parametrize("value", [1e-38, -3e-39, 1e-45])
def test_ranges_leave_a_normal_step_between_levels(symmetric, value):
    """A runtime divides by the step in float32, where a subnormal one loses its digits or becomes zero."""
    for calibrator in CALIBRATORS.values():
        low, high = calibrator(histogram_of([0.0, value]), symmetric)
        assert (high - low) / 255 >= np.finfo(np.float32).tiny


def test_levels_count_what_outliers_waste():
    histogram = histogram_of(np.append(np.random.default_rng(1).uniform(-1, 1, COUNT), 100))
    assert describe("x", histogram, (-1.0, 1.0)).levels == pytest.approx(256, abs=1)
    assert describe("x", histogram, (-100.0, 100.0)).levels == pytest.approx(1 + 255 / 100, abs=0.1)
    assert describe("x", histogram, (-1.0, 1.0)).outliers == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0])
def test_constants_have_no_outliers_and_take_one_level(value):
    histogram = histogram_of(np.full(100, value))
    found = describe("x", histogram, CALIBRATORS["minmax"](histogram, False))
    assert (found.outliers, found.levels, found.saturated) == (1, 1, 0)


@given(arrays, calibrators, st.booleans())
@example(np.array([-1e-45], np.float32), "minmax", False)
def test_descriptions_are_within_bounds(values, calibrator, symmetric):
    histogram = histogram_of(values)
    found = describe("x", histogram, CALIBRATORS[calibrator](histogram, symmetric))
    assert 0 <= found.saturated <= 1
    assert 1 <= found.outliers <= 8192
    assert 1 <= found.levels <= 256
    assert calibrator != "minmax" or found.saturated == 0
