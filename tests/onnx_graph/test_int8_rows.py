"""Symmetric INT8 with a scale for each row or channel."""

from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.onnx_graph.int8_rows import quantize_channels, quantize_rows

TINY = np.finfo(np.float32).tiny


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channels_are_rows_along_another_axis(axis: int) -> None:
    weights = np.random.default_rng(axis).normal(size=(3, 4, 5)).astype(np.float32)
    channels, scale = quantize_channels(weights, axis)
    rows, row_scale = quantize_rows(np.moveaxis(weights, axis, 0), 1)
    assert np.array_equal(np.moveaxis(channels, axis, 0), rows)
    assert np.array_equal(scale.ravel(), row_scale.ravel())
    assert np.broadcast_shapes(scale.shape, weights.shape) == weights.shape


def test_scales_have_a_lower_bound_where_one_is_wanted() -> None:
    weights = np.array([[1.27, -0.5], [0.0127, 0.0]], np.float32)
    free, scale = quantize_channels(weights, 0)
    assert scale.ravel() == pytest.approx([0.01, 0.0001])
    bounded, bound = quantize_channels(weights, 0, np.array([0.001, 0.001], np.float32))
    assert bound.ravel() == pytest.approx([0.01, 0.001])
    assert bounded[0].tolist() == free[0].tolist() == [127, -50]
    assert bounded[1].tolist() == [13, 0]


@pytest.mark.parametrize("value", [0.0, TINY, 1e-45])
def test_rows_without_a_normal_scale_are_zero(value: float) -> None:
    rows, scale = quantize_rows(np.full((1, 3), value, np.float32), 1)
    assert not rows.any()
    assert scale == 1


def test_minus_128_is_not_used() -> None:
    rows, _ = quantize_rows(np.array([[-1.0, 1.0]], np.float32), 1)
    assert rows.tolist() == [[-127, 127]]
