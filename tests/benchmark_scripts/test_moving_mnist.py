"""The clips of the benchmark: their classes lie in the order of the stills, and in nothing else."""

from __future__ import annotations

from collections import Counter

import numpy as np
from moving_mnist import PLACES, STEPS, moving

DIGITS = np.random.default_rng(3).integers(0, 256, (12, 28, 28), np.uint8)


def stills_of(clip: np.ndarray) -> Counter[bytes]:
    return Counter(still.tobytes() for still in clip)


def test_all_classes_visit_the_same_places_and_each_once() -> None:
    clips, classes = moving(DIGITS, 12, PLACES, "in order", 0)
    shuffled, same = moving(DIGITS, 12, PLACES, "shuffled", 0)
    assert classes.tolist() == same.tolist() == [index % 4 for index in range(12)]
    for clip, other in zip(clips, shuffled, strict=True):
        assert stills_of(clip) == stills_of(other)
        assert set(stills_of(clip).values()) == {1}
    assert not np.array_equal(clips, shuffled)


def test_the_class_is_the_step_from_still_to_still() -> None:
    clips, classes = moving(DIGITS, 8, PLACES, "in order", 0)
    for clip, step in zip(clips, np.array(STEPS)[classes], strict=True):
        moved = [np.roll(clip[:-1], 4 * step, axis) for axis in (1, 2)]
        assert any(np.array_equal(each, clip[1:]) for each in moved)


def test_one_still_is_shown_again_and_again() -> None:
    clips, _ = moving(DIGITS, 8, PLACES, "one still", 0)
    assert all(len(stills_of(clip)) == 1 for clip in clips)
