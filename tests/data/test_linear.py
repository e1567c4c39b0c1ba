"""Resizing by four neighbours, as OpenCV does it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.data.linear import linear


def test_a_row_is_enlarged_between_its_pixels() -> None:
    row = np.array([[0, 100]], np.uint8)
    assert linear(row, 4, 1).tolist() == [[0, 25, 75, 100]]
    assert linear(row.T, 1, 4).tolist() == [[0], [25], [75], [100]]


def test_what_lies_between_the_neighbours_is_not_seen() -> None:
    pixels = np.zeros((1, 9), np.uint8)
    pixels[0, [0, 2, 3, 5, 6, 8]] = 255
    assert linear(pixels, 3, 1).tolist() == [[0, 0, 0]]  # only columns 1, 4 and 7


def test_half_of_the_size_is_the_mean_of_four() -> None:
    assert linear(np.array([[0, 10, 1, 1], [20, 31, 1, 2]], np.uint8), 2, 1).tolist() == [[15, 1]]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_it_stays_within_a_level_of_opencv(width: int, height: int, wide: int, high: int, colours: bool) -> None:
    cv2 = pytest.importorskip("cv2", reason="opencv is not installed")
    shape = (height, width, 3) if colours else (height, width)
    pixels = np.random.default_rng(width).integers(0, 256, shape, np.uint8)
    theirs = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_LINEAR)
    ours = linear(pixels, wide, high)
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs).max() <= 1
