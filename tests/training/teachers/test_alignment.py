"""Frames move to another rate; the text that they spell stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.training.teachers.alignment import chosen_frames, spikes_kept
from crnn_deploy.training.teachers.likeliest import Likeliest, likeliest

BLANK = 0


def resample_frames(frames: Likeliest, length: int, blank: int) -> Likeliest:
    return frames[chosen_frames(frames, length, blank)]


def spikes(path: list[int], classes: int = 6) -> Likeliest:
    """Frames that are nearly sure of `path`."""
    frames = np.full((len(path), classes), np.log(0.01), np.float32)
    frames[np.arange(len(path)), path] = np.log(0.95)
    return likeliest(frames)


def test_the_same_length_is_left_alone() -> None:
    frames = spikes([0, 1, 0])
    assert chosen_frames(frames, 3, BLANK).tolist() == [0, 1, 2]


def test_a_spike_survives_beside_a_blank() -> None:
    # Averaging the two frames of a window would leave neither class above the other.
    halved = resample_frames(spikes([0, 1, 0, 0, 2, 0, 0, 0]), 4, BLANK)
    assert halved.best.tolist() == [1, 0, 2, 0]


def test_two_characters_in_one_window_lose_one() -> None:
    frames = spikes([1, 2, 0, 3])
    assert spikes_kept(frames, resample_frames(frames, 2, BLANK), BLANK) == pytest.approx(2 / 3)


def test_upsampling_repeats_frames_and_keeps_the_text() -> None:
    frames = spikes([1, 0, 1, 2])
    doubled = resample_frames(frames, 8, BLANK)
    assert doubled.best.tolist() == [1, 1, 0, 0, 1, 1, 2, 2]
    assert spikes_kept(frames, doubled, BLANK) == 1


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(0, 2))
def test_halving_keeps_the_text_when_characters_are_apart(text: list[int], lead: int) -> None:
    path = [BLANK] * lead + [c for character in text for c in (character, BLANK, BLANK, BLANK)]
    path += [BLANK] * (len(path) % 2)
    frames = spikes(path)
    assert spikes_kept(frames, resample_frames(frames, len(path) // 2, BLANK), BLANK) == 1


@given(st.integers(1, 40), st.integers(1, 40))
def test_any_rate_gives_that_many_frames_of_the_teacher(available: int, wanted: int) -> None:
    frames = likeliest(np.random.default_rng(0).standard_normal((available, 4)).astype(np.float32))
    chosen = chosen_frames(frames, wanted, BLANK)
    assert len(chosen) == wanted
    assert set(chosen.tolist()) <= set(range(available))
