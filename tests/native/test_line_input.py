"""The library makes the inputs that Pillow and NumPy make, to the last bit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.native.line_input import FILTERS, VALUES, LineInput, available

pytestmark = pytest.mark.usefixtures("level")


def pictures(channels: int) -> list[Image.Image]:
    """Of sizes around those of vectors and blocks, narrow, wide, and a single pixel."""
    rng = np.random.default_rng(0)
    sizes = ((1, 1), (1, 40), (5, 3), (7, 64), (8, 8), (63, 17), (64, 33), (130, 47), (333, 61), (40, 300), (2000, 9))
    arrays = [rng.integers(0, 256, (height, width, channels), np.uint8) for width, height in sizes]
    flat = [np.full((12, 30, channels), level, np.uint8) for level in (0, 255)]
    return [Image.fromarray(array.squeeze(2) if channels == 1 else array) for array in (*arrays, *flat)]


def by_pillow(picture: Image.Image, size: tuple[int, int], filter_name: str) -> np.ndarray:
    """`[H, W, C]`, columns first, as Pillow does it except where a picture loses far more height than width."""
    resampling = Image.Resampling[filter_name.upper()]
    across = picture.resize((size[0], picture.height), resampling)
    return np.asarray(across.resize(size, resampling)).reshape(size[1], size[0], -1)


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_those_of_pillow(filter_name: str, channels: int) -> None:
    assert available()
    values = np.tile(np.arange(VALUES, dtype=np.float32), (channels, 1))
    make = LineInput(filter_name, values, reverse=False, edge=False, left=0)
    for picture in pictures(channels):
        for size in ((1, 1), (3, 32), (16, 48), (97, 32), picture.size, (picture.width, 32), (50, picture.height)):
            made = make(picture, size, size)
            assert np.array_equal(made.transpose(1, 2, 0), by_pillow(picture, size, filter_name)), (picture.size, size)


def test_channels_values_and_padding() -> None:
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8))
    values = rng.normal(size=(3, VALUES)).astype(np.float32)
    made = LineInput("bilinear", values, reverse=True, edge=False, left=4)(picture, (24, 16), (36, 18))
    pixels = by_pillow(picture, (24, 16), "bilinear")[:, :, ::-1]
    for channel in range(3):
        assert np.array_equal(made[channel, :16, 4:28], values[channel][pixels[:, :, channel]])
        padding = made[channel].copy()
        padding[:16, 4:28] = values[channel, -1]
        assert (padding == values[channel, -1]).all()


def test_a_copy_makes_the_same() -> None:
    """Also in another process, where nothing is at the same place."""
    picture = pictures(1)[6]
    make = LineInput("bilinear", np.arange(VALUES, dtype=np.float32)[np.newaxis], False, False, 0)
    made = make(picture, (24, 16), (24, 16))
    copied = pickle.loads(pickle.dumps(make))
    del make
    assert np.array_equal(copied(picture, (24, 16), (24, 16)), made)


def test_edges_as_padding() -> None:
    picture = Image.fromarray(np.random.default_rng(2).integers(0, 256, (20, 30), np.uint8))
    values = np.arange(VALUES, dtype=np.float32)[np.newaxis]
    made = LineInput("bilinear", values, reverse=False, edge=True, left=3)(picture, (24, 16), (32, 19))
    pixels = by_pillow(picture, (24, 16), "bilinear")[:, :, 0]
    expected = np.pad(pixels, ((0, 3), (3, 5)), "edge")
    assert np.array_equal(made[0], expected)
