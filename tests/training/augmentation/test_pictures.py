"""Pictures keep their size and their class, and differ from epoch to epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.training.augmentation import pictures
from crnn_deploy.training.augmentation.pictures import PictureAugmentation

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)


def test_strength_zero_changes_nothing_but_may_mirror() -> None:
    unchanged = PictureAugmentation(0.0, flip=False)(PICTURE, np.random.default_rng(0))
    assert np.array_equal(unchanged, PICTURE)
    made = [PictureAugmentation(0.0, flip=True)(PICTURE, np.random.default_rng(seed)) for seed in range(200)]
    mirrored = [np.array_equal(picture, PICTURE[:, ::-1]) for picture in made]
    assert all(turned or np.array_equal(picture, PICTURE) for turned, picture in zip(mirrored, made, strict=True))
    assert 70 < sum(mirrored) < 130


@given(
    st.integers(0, 1000),
    st.floats(0.1, 2.0),
    st.sampled_from([1, 3]),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_size_and_channels_stay(seed: int, strength: float, channels: int, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size, channels), np.uint8)
    changed = PictureAugmentation(strength, flip=True)(picture, np.random.default_rng(seed))
    assert changed.dtype == np.uint8
    assert changed.shape == picture.shape


def test_the_same_seed_gives_the_same_picture() -> None:
    augment = PictureAugmentation(1.0, flip=True)
    first, again, other = (augment(PICTURE, np.random.default_rng(seed)).tobytes() for seed in (3, 3, 4))
    assert first == again != other


def test_some_areas_are_erased() -> None:
    black = np.zeros((32, 32, 1), np.uint8)
    made = [PictureAugmentation(1.0, flip=False)(black, np.random.default_rng(seed)) for seed in range(200)]
    erased = np.array([(picture > 0).mean() for picture in made])
    assert 0.15 < (erased > 0).mean() < 0.35
    assert erased.max() < 0.22


@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_symbols_move_but_are_not_inverted_and_get_no_second_stroke(
    strength: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_ERASED", 0)
    digit = np.zeros((28, 28, 1), np.uint8)
    digit[2:20, 6:10] = 255
    middles = []
    for seed in range(200):
        row = PictureAugmentation(strength, flip=False)(digit, np.random.default_rng(seed))[11, :, 0].astype(float)
        bright = np.flatnonzero(row > (row.max() + row.min()) / 2)
        assert row.max() > row[-1] + 20
        assert len(bright) == np.ptp(bright) + 1 < 10
        middles.append(bright.mean())
    assert min(middles) < 5
    assert max(middles) > 10
