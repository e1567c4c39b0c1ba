"""Augmentation changes the picture, not the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.training.augmentation.augmentation import Augmentation

LINE = np.random.default_rng(0).integers(0, 256, (32, 80, 1), np.uint8)


def augmented(line: np.ndarray, strength: float, seed: int, keep_width: bool = False) -> np.ndarray:
    return Augmentation(strength, keep_width)([line], [np.random.default_rng(seed)])[0]


def test_strength_zero_changes_nothing() -> None:
    assert augmented(LINE, 0.0, seed=0) is LINE


@given(st.integers(0, 1000), st.floats(0.1, 2.0), st.sampled_from([1, 3]))
def test_it_keeps_height_channels_and_nearly_the_width(seed: int, strength: float, channels: int) -> None:
    line = np.repeat(LINE, channels, axis=2)
    changed = augmented(line, strength, seed)
    assert changed.dtype == np.uint8
    assert changed.shape[0] == 32
    assert changed.shape[2] == channels
    assert abs(changed.shape[1] / 80 - 1) <= 0.08 * strength + 0.01
    assert not np.array_equal(changed, line)


def test_fixed_width_models_keep_their_width() -> None:
    widths = {augmented(LINE, 1.0, s, keep_width=True).shape[1] for s in range(20)}
    assert widths == {80}


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.sampled_from([1, 3]))
@settings(deadline=None)
def test_a_line_depends_on_its_own_seed_and_not_on_the_batch(seeds: list[int], channels: int) -> None:
    lines = [np.repeat(LINE[:, : 20 + seed % 60], channels, axis=2) for seed in seeds]
    together = Augmentation(1.0, keep_width=False)(lines, [np.random.default_rng(seed) for seed in seeds])
    alone = [augmented(line, 1.0, seed) for line, seed in zip(lines, seeds, strict=True)]
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


def test_lines_that_opencv_cannot_warp_stay_as_they_are() -> None:
    widest, too_wide = (np.full((2, width, 1), 200, np.uint8) for width in (28_000, 28_001))
    augment, rngs = Augmentation(2.0, keep_width=False), [np.random.default_rng(seed) for seed in range(2)]
    changed, unchanged = augment([widest, too_wide], rngs)
    assert not np.array_equal(changed, widest)
    assert unchanged is too_wide


def test_other_seeds_give_other_pictures_and_the_line_itself_stays() -> None:
    before = LINE.copy()
    made = {augmented(LINE, 2.0, seed).tobytes() for seed in range(50)}
    assert len(made) == 50
    assert np.array_equal(LINE, before)


def test_the_order_of_colours_does_not_matter_for_views() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (32, 60, 3), np.uint8)
    turned = colours[:, :, ::-1]
    assert np.array_equal(augmented(turned, 1.0, 5), augmented(np.ascontiguousarray(turned), 1.0, 5))


def test_no_threads_are_started_for_wide_lines() -> None:
    wide = np.random.default_rng(0).integers(0, 256, (64, 4000, 1), np.uint8)
    before = _tasks()
    for seed in range(20):
        augmented(wide, 2.0, seed)
    assert _tasks() == before


def _tasks() -> int:
    """Threads of this process, those of libraries included; on Linux."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 0


@pytest.mark.parametrize("strength", [1.0, 2.0])
def test_ink_stays_visible_on_white_and_black_paper(strength: float) -> None:
    for paper, ink in ((255, 190), (0, 65)):
        line = np.full((32, 96, 1), paper, np.uint8)
        line[8:24, 40:56] = ink
        for seed in range(100):
            changed = augmented(line, strength, seed).astype(float)
            middle = changed.shape[1] // 2
            inside, outside = changed[12:20, middle - 4 : middle + 4], changed[12:20, middle - 20 : middle - 14]
            assert abs(inside.mean() - outside.mean()) > 5, (paper, seed)


def test_single_symbols_are_not_inverted() -> None:
    digit = np.zeros((28, 28, 1), np.uint8)
    digit[6:22, 12:16] = 255
    for seed in range(200):
        changed = augmented(digit, 2.0, seed, keep_width=True)
        assert changed[10:18, 13:15].mean() > changed[:, :4].mean() + 40
