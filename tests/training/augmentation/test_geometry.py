from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.training.augmentation.geometry import border_tone, warp

WIDTH = 120


def _bars(*columns: int) -> np.ndarray:
    pixels = np.full((32, WIDTH), 255, np.uint8)
    for column in columns:
        pixels[:, column - 1 : column + 2] = 0
    return pixels


@given(seed=st.integers(0, 10_000), column=st.integers(6, WIDTH - 7), stretch=st.floats(0.84, 1.16))
@settings(max_examples=150, deadline=None)
def test_a_bar_stays_within_two_pixels_beside_the_stretch(seed: int, column: int, stretch: float) -> None:
    width = round(WIDTH * stretch)
    warped = warp(_bars(column), width, 2.0, np.random.default_rng(seed))
    ink = 255 - warped.astype(float)[12:20]
    centres = (ink * (np.arange(width) + 0.5)).sum(1) / ink.sum(1)
    assert abs(centres * WIDTH / width - (column + 0.5)).max() <= 2.1  # a tenth for the rounding of pixels


def test_it_moves_lines_up_and_down_and_makes_them_larger_and_smaller() -> None:
    pixels = np.full((32, WIDTH), 255, np.uint8)
    pixels[10:22] = 0
    rows = [np.flatnonzero(warp(pixels, WIDTH, 1.0, np.random.default_rng(seed))[:, 60] < 128) for seed in range(100)]
    assert min(r[0] for r in rows) < 10 < max(r[0] for r in rows)
    assert min(map(len, rows)) < 12 < max(map(len, rows))
    assert all(r[0] >= 6 and r[-1] < 26 for r in rows)


@pytest.mark.parametrize("tone", [(200,), (200, 100, 50)])
def test_what_comes_into_view_is_paper(tone: tuple[int, ...]) -> None:
    paper = np.full((32, WIDTH, len(tone)), tone, np.uint8)
    for seed in range(20):
        assert (warp(paper, 100, 2.0, np.random.default_rng(seed)).reshape(32, 100, -1) == tone).all()


def test_ink_at_the_border_does_not_set_its_tone() -> None:
    assert border_tone(_bars(5, 30, 60)) == (255,)
