"""Lines are cut out around their center line."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from crnn_deploy.data.center_line import straightened
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(height=30, width_multiple=1, margin=16, min_width=1, invert=True, centerline=True)


def bent(width: int = 300, height: int = 90) -> Image.Image:
    """Vertical strokes on a line that rises by 30 pixels."""
    pixels = np.full((height, width), 255, np.uint8)
    for x in range(10, width - 10, 6):
        top = 50 - 30 * x // width
        pixels[top : top + 20, x : x + 3] = 0
    return Image.fromarray(pixels)


def test_a_bent_line_becomes_straight() -> None:
    """Not where it begins and ends: the blur is darkest inside of the line."""
    image = bent(1500)
    rise = [_middles(np.asarray(image.resize((500, 30)))), _middles(straightened(image, PREPROCESSING))]
    assert rise[0] > 2
    assert rise[1] < rise[0] / 2


def _middles(line: np.ndarray) -> float:
    """How far apart the middles of ink are in the second and the third quarter of a line, in rows."""
    quarters = np.array_split(255.0 - line, 4, axis=1)[1:3]
    return float(np.ptp([np.average(np.arange(len(part)), weights=part.sum(axis=1) + 1e-9) for part in quarters]))


def test_the_width_follows_from_what_is_cut_out() -> None:
    preprocessor = Preprocessor(PREPROCESSING)
    image = bent()
    assert preprocessor.size(image) == preprocessor(image, "bent").shape[2]


def test_blank_and_tiny_images_stay_what_they_are() -> None:
    for size in ((1, 1), (50, 2), (3, 40), (400, 1)):
        assert (straightened(Image.new("L", size, 255), PREPROCESSING) == 255).all()
    speck = Image.new("L", (40, 20), 255)
    speck.putpixel((20, 10), 0)
    assert straightened(speck, PREPROCESSING).shape[0] == 30


def test_large_images_are_made_smaller_first() -> None:
    assert straightened(bent(2000, 3000), PREPROCESSING).shape[0] == 30


def test_widths_stay_within_the_limits() -> None:
    narrow = PREPROCESSING.model_copy(update={"max_width": 40})
    assert straightened(bent(), narrow).shape == (30, 40)


def test_only_grey_images_of_any_width_have_a_center_line() -> None:
    for field in ({"channels": "RGB"}, {"width": 100}, {"grey_last": True}):
        with pytest.raises(ValidationError, match="centerline"):
            Preprocessing.model_validate({**PREPROCESSING.model_dump(), **field})
