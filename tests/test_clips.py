"""Which stills of a clip are seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crnn_deploy.clips import Clips
from crnn_deploy.preprocessing import Preprocessing


@pytest.mark.parametrize(
    ("clips", "count", "seen"),
    [
        (Clips(), 3, [0, 1, 2]),
        (Clips(every=2), 5, [0, 2, 4]),
        (Clips(max_stills=3), 9, [0, 4, 8]),
        (Clips(every=3, max_stills=2), 20, [0, 18]),
        (Clips(), 0, []),
    ],
)
def test_every_nth_still_and_of_long_clips_some_that_are_evenly_spread(
    clips: Clips, count: int, seen: list[int]
) -> None:
    assert clips.seen(count) == seen


@given(st.integers(0, 500), st.integers(1, 9), st.integers(2, 40))
def test_they_stand_in_their_order_and_are_never_too_many(count: int, every: int, most: int) -> None:
    seen = Clips(every=every, max_stills=most).seen(count)
    assert seen == sorted(set(seen))
    assert len(seen) == min(most, -(-count // every))
    assert all(0 <= index < count for index in seen)


def test_the_size_of_an_input_is_its_stills_or_its_width() -> None:
    lines = Preprocessing(height=32)
    assert lines.input_shape(2, 96) == (2, 1, 32, 96)
    assert (lines.size_axis, lines.any_size, lines.sizes) == (3, True, (8, 4096))
    clips = Preprocessing(height=12, width=16, channels="RGB", clips=Clips(max_stills=20))
    assert clips.input_shape(2, 5) == (2, 5, 3, 12, 16)
    assert (clips.size_axis, clips.any_size, clips.sizes) == (1, True, (2, 20))
    assert clips.example_shape(1, 100, 32) == (1, 8, 3, 12, 16)
    assert not Preprocessing(height=12, width=16).any_size


def test_clips_of_many_pixels_share_no_batch() -> None:
    assert Preprocessing(height=32, width=32, clips=Clips()).widest == 128
    assert Preprocessing(height=512, width=512, clips=Clips(max_stills=8)).widest == 0
    assert Preprocessing(height=32).widest == 4096


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": None},
        {"keep_ratio": True},
        {"margin": 2},
        {"height": 512, "width": 512, "clips": {"max_stills": 33}},
        {"clips": {"max_stills": 1}},
        {"clips": {"every": 0}},
        {"clips": "stills=3"},
    ],
)
def test_clips_need_stills_of_one_size_and_no_more_than_a_machine_holds(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Preprocessing.model_validate({"height": 16, "width": 16, "clips": {}, **wrong})


def test_they_may_be_written_in_one_text() -> None:
    assert Clips.model_validate("every=2,max_stills=16") == Clips(every=2, max_stills=16)
