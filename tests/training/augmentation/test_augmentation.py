"""Augmentation changes the picture, not the line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.training.augmentation.augmentation import Augmentation

LINE = np.random.default_rng(0).integers(0, 256, (32, 80, 1), np.uint8)


def test_strength_zero_changes_nothing() -> None:
    assert Augmentation(0.0, keep_width=False)(LINE, np.random.default_rng(0)) is LINE


@given(st.integers(0, 1000), st.floats(0.1, 2.0), st.sampled_from([1, 3]))
def test_it_keeps_height_channels_and_nearly_the_width(seed: int, strength: float, channels: int) -> None:
    line = np.repeat(LINE, channels, axis=2)
    changed = Augmentation(strength, keep_width=False)(line, np.random.default_rng(seed))
    assert changed.dtype == np.uint8
    assert changed.shape[0] == 32
    assert changed.shape[2] == channels
    assert abs(changed.shape[1] / 80 - 1) <= 0.08 * strength + 0.01
    assert not np.array_equal(changed, line)


def test_fixed_width_models_keep_their_width() -> None:
    widths = {Augmentation(1.0, keep_width=True)(LINE, np.random.default_rng(s)).shape[1] for s in range(20)}
    assert widths == {80}


def test_the_same_seed_gives_the_same_picture() -> None:
    augment = Augmentation(1.0, keep_width=False)
    assert np.array_equal(augment(LINE, np.random.default_rng(3)), augment(LINE, np.random.default_rng(3)))
    assert augment(LINE, np.random.default_rng(3)).tobytes() != augment(LINE, np.random.default_rng(4)).tobytes()


@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_ink_stays_visible_on_white_and_black_paper(strength: float) -> None:
    for paper, ink in ((255, 190), (0, 65)):
        line = np.full((32, 96, 1), paper, np.uint8)
        line[8:24, 40:56] = ink
        for seed in range(100):
            changed = Augmentation(strength, keep_width=False)(line, np.random.default_rng(seed)).astype(float)
            middle = changed.shape[1] // 2
            inside, outside = changed[12:20, middle - 4 : middle + 4], changed[12:20, middle - 20 : middle - 14]
            assert abs(inside.mean() - outside.mean()) > 5, (paper, seed)


def test_single_symbols_are_not_inverted() -> None:
    digit = np.zeros((28, 28, 1), np.uint8)
    digit[6:22, 12:16] = 255
    for seed in range(200):
        changed = Augmentation(2.0, keep_width=True)(digit, np.random.default_rng(seed))
        assert changed[10:18, 13:15].mean() > changed[:, :4].mean() + 40
