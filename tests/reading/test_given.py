"""Images as programs have them become those of the sources; what is no image is refused with what to do."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.data.clip import Clip
from crnn_deploy.errors import InputError
from crnn_deploy.reading.given import image_of

COLOURS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def pixels_of(image: Any) -> Any:
    assert isinstance(image, Image.Image)
    return np.asarray(image)


def test_the_order_of_channels_is_said() -> None:
    rgb = COLOURS[:, :, :3]
    assert np.array_equal(pixels_of(image_of(rgb, "it")), rgb)
    assert np.array_equal(pixels_of(image_of(rgb, "it", "BGR")), rgb[:, :, ::-1])
    opaque = pixels_of(image_of(COLOURS, "it", "BGR"))
    assert np.array_equal(opaque, COLOURS[:, :, [2, 1, 0, 3]])


def test_white_of_16_bits_is_the_largest_value_of_a_usual_depth() -> None:
    """As for files: 12 bits in 16 are common, and all channels share one white."""
    for white in (1023, 4095, 65535):
        pixels = np.array([[[0, white // 2, white]]], np.uint16)
        assert pixels_of(image_of(pixels, "it")).tolist() == [[[0, 127, 255]]]


def test_an_array_of_four_axes_is_a_clip() -> None:
    stills = np.stack([np.full((4, 5, 3), number, np.uint8) for number in range(3)])
    clip = image_of(stills, "it")
    assert isinstance(clip, Clip)
    assert [pixels_of(still)[0, 0, 0] for still in clip.read([0, 2])] == [0, 2]


def test_what_is_an_image_already_is_taken_as_it_is() -> None:
    image = Image.new("L", (3, 3))
    assert image_of(image, "it") is image


def closed_file() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


WRONG: tuple[tuple[Any, str], ...] = (
    (3, "of the type int"),
    (None, "of the type NoneType"),
    ("missing.png", "missing.png is no file"),
    ("", "An empty path is no file"),
    (io, "of the type module"),
    (io.BytesIO, "of the type type"),
    (closed_file(), "closed file"),
    (Image.new("L", (0, 5)), "no pixels"),
    (b"", "not an image"),
    (b"text", "is not an image"),
    (io.StringIO("text"), "a file of text"),
    (np.zeros((3, 32, 100), np.uint8), r"\[3, 32, 100\]"),
    (np.zeros((32, 100), np.float32), "float32"),
    (np.zeros((32, 100), np.int64), "int64"),
    (np.zeros((0, 100), np.uint8), "0 pixels|100 × 0"),
    (np.zeros(100, np.uint8), r"\[100\]"),
)


@pytest.mark.parametrize(("given", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_no_image_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        image_of(given, "the image")


def test_the_advice_for_channels_that_stand_first() -> None:
    with pytest.raises(InputError) as caught:
        image_of(np.zeros((3, 32, 100), np.uint8), "the image")
    assert "transpose(1, 2, 0)" in caught.value.fix


@pytest.mark.parametrize("order", ["bgr", "XYZ", ""])
def test_another_order_of_channels_is_refused(order: Any) -> None:
    with pytest.raises(InputError, match="no order of channels"):
        image_of(COLOURS, "it", order)
