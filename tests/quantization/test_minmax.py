from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from crnn_deploy.quantization.minmax import MinMax

arrays = hnp.arrays(
    np.float32,
    st.integers(0, 20),
    elements=st.floats(-1e6, 1e6, width=32),
)


@given(st.lists(arrays, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_range_depends_on_the_values_alone_not_on_their_batches_or_order(parts, random):
    whole = np.concatenate(parts)
    if whole.size == 0:
        return
    one, many = MinMax(), MinMax()
    one.observe("x", whole)
    random.shuffle(parts)
    for part in parts:
        many.observe("x", part)
    assert many.range("x") == one.range("x") == (whole.min(), whole.max())


@given(arrays.filter(len), arrays.filter(len))
def test_tensors_are_kept_apart(first, second):
    calibrator = MinMax()
    calibrator.observe("a", first)
    calibrator.observe("b", second)
    assert calibrator.range("a") == (first.min(), first.max())
    assert calibrator.range("b") == (second.min(), second.max())


def test_nan_is_not_swallowed():
    calibrator = MinMax()
    for values in ([1.0, np.nan], [2.0, 3.0]):
        calibrator.observe("x", np.array(values, np.float32))
    assert np.isnan(calibrator.range("x")).all()


def test_a_tensor_never_seen_has_no_range():
    with pytest.raises(KeyError):
        MinMax().range("x")
