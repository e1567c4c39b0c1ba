"""Each operation changes what it says."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from crnn_deploy.training.augmentation import operations
from crnn_deploy.training.augmentation.operations import OPERATIONS, Operation

NOISE = np.random.default_rng(0).integers(60, 200, (24, 30, 3), np.uint8)
COLOURED, GREY = Image.fromarray(NOISE), Image.fromarray(NOISE[..., 0])


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("image", [COLOURED, GREY], ids=["RGB", "L"])
@pytest.mark.parametrize("strength", [0.1, 2.0])
def test_size_and_mode_stay(operation: Operation, image: Image.Image, strength: float) -> None:
    for seed in range(5):
        changed = operation(image, strength, np.random.default_rng(seed))
        assert (changed.size, changed.mode) == (image.size, image.mode)


def test_grey_pictures_have_no_colour_to_change() -> None:
    assert operations.change_saturation(GREY, 2.0, np.random.default_rng(0)) is GREY
    assert operations.change_saturation(COLOURED, 2.0, np.random.default_rng(0)) != COLOURED


def test_the_tones_fill_the_range() -> None:
    stretched = np.asarray(operations.stretch_tones(COLOURED, 1.0, np.random.default_rng(0)))
    assert stretched.min() == 0
    assert stretched.max() >= 254
    flat = Image.new("L", (4, 4), 90)
    assert operations.stretch_tones(flat, 1.0, np.random.default_rng(0)).size == (4, 4)


def test_contrast_keeps_the_mean_and_brightness_does_not() -> None:
    def means(operation: Operation) -> list[float]:
        return [np.asarray(operation(GREY, 1.0, np.random.default_rng(seed))).mean() for seed in range(20)]

    assert np.ptp(means(operations.change_contrast)) < 3
    assert np.ptp(means(operations.change_brightness)) > 40


def test_shapes_turn_around_the_centre_and_new_areas_look_like_the_corner() -> None:
    square = np.full((31, 31), 200, np.uint8)
    square[11:20, 11:20] = 0
    for operation in (operations.rotate, operations.shear_across, operations.shear_down):
        changed = np.asarray(operation(Image.fromarray(square), 2.0, np.random.default_rng(1))).astype(float)
        ink = 200 - changed
        assert abs((ink.sum(0) * np.arange(31)).sum() / ink.sum() - 15) < 0.3
        assert set(changed[0]) == set(changed[:, 0]) == {200.0}
        assert (changed != square).any()
