from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from crnn_deploy.quantization.calibration.histogram import Histogram

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
arrays = hnp.arrays(np.float32, st.integers(0, 20), elements=finite)
filled = hnp.arrays(np.float32, st.integers(1, 50), elements=finite)
shares = st.integers(0, 64).map(lambda part: part / 64)


def histogram_of(*parts):
    histogram = Histogram()
    for part in parts:
        histogram.observe(np.asarray(part))
    return histogram


def state(histogram):
    return histogram.lowest, histogram.highest, histogram.width, *histogram.counts, *histogram.edges


@given(st.lists(arrays, min_size=1, max_size=8), st.randoms(use_true_random=False))
@example([np.float32([-1e-45]), np.float32([3e38]), np.float32([1e-45])], None)
def test_state_depends_on_the_values_alone_not_on_their_batches_or_order(parts, random):
    whole = np.concatenate(parts)
    if whole.size == 0:
        return
    if random:
        random.shuffle(parts)
    assert state(histogram_of(*parts)) == state(histogram_of(whole)) == state(histogram_of(*np.sort(whole)))


@given(filled)
@example(np.zeros(3, np.float32))
@example(np.float32([-(2.0**-149), 2.0**127]))
@example(np.full(4, -4096, np.float32))
@example(np.float32([2 - 2.0**-23]))
def test_counts_are_those_of_numpy(values):
    histogram = histogram_of(values)
    counts = np.histogram(values.astype(np.float64), [*histogram.edges[:-1], np.inf])[0]
    assert list(histogram.counts) == list(counts)
    assert histogram.count == values.size
    assert (histogram.lowest, histogram.highest) == (values.min(), values.max())
    assert histogram.edges[0] <= histogram.lowest
    assert histogram.highest < histogram.edges[-1]


@given(filled)
@example(np.float32([2.0**-149]))
@example(np.float32([-(2.0**-148), 0]))
def test_bins_are_fine_for_the_largest_magnitude_and_aligned_to_zero(values):
    histogram = histogram_of(values)
    assert histogram.magnitude / 8192 <= histogram.width
    assert histogram.magnitude == np.abs(values).max()
    assert histogram.width <= histogram.magnitude / 4096 or histogram.magnitude == 0
    assert (histogram.edges % histogram.width == 0).all()


@given(filled, shares)
def test_quantiles_are_those_of_numpy_to_within_a_bin(values, q):
    values = values.astype(np.float64)
    histogram = histogram_of(values)
    wanted = np.quantile(values, q, method="inverted_cdf")
    assert abs(histogram.quantile(q) - wanted) <= histogram.width
    assert histogram.lowest <= histogram.quantile(q) <= histogram.highest
    wanted = np.quantile(abs(values), q, method="inverted_cdf")
    assert abs(histogram.magnitude_quantile(q) - wanted) <= histogram.width
    assert histogram.magnitude_quantile(q) <= histogram.magnitude


@given(filled, finite, finite)
def test_share_outside_is_exact_to_within_the_bins_of_the_ends(values, low, high):
    low, high = sorted((low, high))
    histogram = histogram_of(values)
    values, width = values.astype(np.float64), histogram.width
    least = ((values < low - width) | (values > high + width)).mean()
    most = ((values < low + width) | (values > high - width)).mean()
    assert least - 1e-9 <= histogram.share_outside(low, high) <= most + 1e-9


@given(filled)
def test_nothing_lies_outside_of_everything(values):
    assert histogram_of(values).share_outside(values.min(), values.max()) == 0


def test_share_outside_of_many_values():
    values = np.random.default_rng(0).standard_normal(200_000, np.float32)
    found = histogram_of(values).share_outside(-1, 2)
    assert found == pytest.approx(((values < -1) | (values > 2)).mean(), abs=1e-4)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_and_leave_no_trace(broken):
    histogram = histogram_of([1.0, -2.0])
    before = state(histogram)
    with pytest.raises(ValueError, match="not all finite"):
        histogram.observe(np.float32([3.0, broken, 4.0]))
    assert state(histogram) == before


def test_any_shape_and_layout_is_taken_in_and_left_as_it_was():
    values = np.random.default_rng(0).standard_normal((2, 3, 40, 500)).astype(np.float32)
    copy = values.copy()
    flat = histogram_of(values.ravel())
    assert state(histogram_of(values)) == state(histogram_of(values.transpose(3, 1, 0, 2))) == state(flat)
    assert (values == copy).all()
    assert histogram_of(np.empty((0, 3))).count == 0


def test_negative_zero_is_zero():
    assert str(histogram_of([-0.0]).lowest) == str(histogram_of([-0.0]).highest) == "0.0"


def test_memory_is_bounded():
    random = np.random.default_rng(0)
    histogram = histogram_of(random.standard_normal(10))
    size = len(pickle.dumps(histogram))
    for power in range(50):
        histogram.observe(random.standard_normal(10_000) * 2.0**power)
    assert len(pickle.dumps(histogram)) == pytest.approx(size, abs=100)
    assert len(histogram.counts) <= 2 * 8192
