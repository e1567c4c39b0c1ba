"""Greys of more than 8 bits become the 8 bits that they were made from."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.depth import eight_bits

GREY = np.array([[0, 1, 70, 128, 200, 250]] * 3)


def bits(values: Any, dtype: Any) -> list[int]:
    return np.asarray(eight_bits(Image.fromarray(np.asarray(values, dtype))), int)[0].tolist()


def close(found: list[int], expected: Any, most: int = 1) -> bool:
    return bool(np.abs(np.array(found) - np.asarray(expected)).max() <= most)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
@pytest.mark.parametrize("depth", [8, 10, 12, 14, 16])
def test_white_is_the_largest_value_of_the_depth(depth: int, dtype: type) -> None:
    values = np.rint(GREY * ((2**depth - 1) / 255))
    assert bits(values, dtype) == GREY[0].tolist()
    assert bits([[0, 2**depth - 1]], dtype) == [0, 255]


@pytest.mark.parametrize(("depth", "next_depth"), [(8, 10), (10, 12), (12, 14), (14, 16)])
def test_a_value_above_the_largest_of_a_depth_belongs_to_the_next(depth: int, next_depth: int) -> None:
    expected = round(255 * 2**depth / (2**next_depth - 1))
    assert bits([[0, 2**depth]], np.int32) == [0, expected]
    assert bits([[0, 2**depth]], np.uint16) == [0, expected]


@pytest.mark.parametrize("scale", [1 / 255, 1, 257])
def test_floats_are_from_0_to_1_or_to_the_largest_value_of_a_depth(scale: float) -> None:
    assert bits(GREY * scale, np.float32) == GREY[0].tolist()


def test_what_filters_leave_outside_of_the_range_is_clipped() -> None:
    assert bits([[-0.05, 0, 0.5, 1, 1.05]], np.float32) == [0, 0, 128, 255, 255]


def test_values_far_below_zero_are_black_at_the_smallest() -> None:
    assert bits([[-1, 0, 1]], np.float32) == [0, 128, 255]
    assert close(bits(GREY - 128, np.int32), GREY[0] * (255 / 250))


def test_beyond_16_bits_white_is_the_largest_pixel() -> None:
    assert bits([[0, 300_000, 1_000_000]], np.int32) == [0, 76, 255]
    assert bits([[0, 3e8, 1e9]], np.float32) == [0, 76, 255]


@pytest.mark.parametrize(("value", "seen"), [(0, 0), (1, 255), (65535, 255), (-7, 0)])
def test_one_value_everywhere_is_a_picture_too(value: int, seen: int) -> None:
    assert bits(np.full((2, 3), value), np.int32) == [seen] * 3


def test_a_dark_16_bit_picture_is_not_brightened() -> None:
    assert bits(GREY // 3 * 257, np.uint16) == (GREY // 3)[0].tolist()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="2 of its pixels are NaN or infinite"):
        bits([[0, value, value]], np.float32)


def tiff(values: np.ndarray, tags: dict[int, int]) -> Image.Image:
    """A TIFF whose tags of one number are replaced."""
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF", tiffinfo=tags)
    buffer.seek(0)
    return Image.open(buffer)


def test_white_may_be_zero_in_a_tiff() -> None:
    found = np.asarray(eight_bits(tiff(GREY.astype(np.uint16) * 257, {262: 0})))
    assert (found == 255 - GREY).all()


def test_signed_16_bit_tiff_has_15_bits() -> None:
    values = np.rint(GREY * (32767 / 255)).astype(np.uint16)
    assert (np.asarray(eight_bits(tiff(values, {339: 2}))) == GREY).all()


def test_unsigned_32_bit_tiff_has_no_negative_pixels() -> None:
    values = np.array([[0, 2**31, 2**32 - 1]], np.uint32).view(np.int32)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF")
    signed, unsigned = (struct.pack("<HHIH", 339, 3, 1, sample_format) for sample_format in (2, 1))
    assert signed in buffer.getvalue()
    image = Image.open(io.BytesIO(buffer.getvalue().replace(signed, unsigned)))
    assert np.asarray(eight_bits(image)).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("depth", [8, 10, 12, 14, 16])
def test_every_value_of_a_depth_becomes_the_nearest_of_8_bits(depth: int) -> None:
    white = 2**depth - 1
    values = np.arange(white)  # without white itself, so that its value must be known
    assert bits([values], np.int32) == np.rint(values * (255 / white)).tolist()


@pytest.mark.parametrize("depth", [10, 12, 14, 15])
def test_every_value_of_a_signed_depth_becomes_the_nearest_of_8_bits(depth: int) -> None:
    white = 2**depth - 1
    values = np.arange(white, dtype=np.uint16)[np.newaxis]
    assert (np.asarray(eight_bits(tiff(values, {339: 2}))) == np.rint(values * (255 / white))).all()


def test_a_quarter_of_white_is_the_most_that_filters_leave_outside_of_the_range() -> None:
    assert bits([[0, 1, 1.25]], np.float32) == [0, 255, 255]
    assert bits([[0, 1, 1.26]], np.float32) == [0, 1, 1]  # then white is 255
    assert bits([[-0.25, 0, 1]], np.float32) == [0, 0, 255]
    assert bits([[-0.26, 0, 1]], np.float32) == [0, 53, 255]
    assert bits([[-1023, 0, 4095]], np.int32) == [0, 0, 255]
    assert bits([[-1024, 0, 4095]], np.int32) == [0, 51, 255]
