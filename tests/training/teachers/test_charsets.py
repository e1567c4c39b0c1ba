"""What a teacher says, in the charset of the student."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.charsets import CharsetMap


def spec(charset: str, blank: int = 0, name: str = "teacher") -> ModelSpec:
    return ModelSpec(name=name, charset=charset, blank=blank, preprocessing=Preprocessing(height=32))


def charset_map(teacher: str, student: str) -> CharsetMap:
    return CharsetMap(spec(teacher), spec(student, name="student"))


def log_probs(*frames: list[float]) -> NDArray[np.float32]:
    return np.log(np.array(frames, np.float32))


def test_the_same_charset_passes_unchanged() -> None:
    frames = log_probs([0.7, 0.2, 0.1])
    mapped, trusted = charset_map("ab", "ab").frames(frames)
    assert mapped is frames
    assert trusted.tolist() == [True]


def test_a_blank_at_another_place_is_found() -> None:
    mapped, _ = CharsetMap(spec("ab", blank=2), spec("ab", blank=0)).frames(log_probs([0.1, 0.2, 0.7]))
    assert np.exp(mapped[0]) == pytest.approx([0.7, 0.1, 0.2])


def test_what_the_student_lacks_is_dropped_and_the_rest_scaled() -> None:
    mapped, trusted = charset_map("abc", "ab").frames(log_probs([0.5, 0.25, 0.05, 0.2], [0.1, 0.1, 0.1, 0.7]))
    assert np.exp(mapped[0]) == pytest.approx([0.625, 0.3125, 0.0625])
    assert trusted.tolist() == [True, False]  # most of the second frame is a c


def test_characters_that_the_teacher_lacks_are_next_to_impossible() -> None:
    mapped, trusted = charset_map("a", "ab").frames(log_probs([0.5, 0.5]))
    assert np.exp(mapped[0]) == pytest.approx([0.5, 0.5, 0], abs=1e-5)
    assert np.isfinite(mapped).all()
    assert trusted.all()


def test_cases_and_full_width_forms_fall_together_where_the_student_knows_one() -> None:
    mapped, trusted = charset_map("aA1\uff11\uff0c\uff21", "a1,").frames(
        log_probs([0.1, 0.3, 0.1, 0.1, 0.2, 0.15, 0.05])
    )
    assert np.exp(mapped[0]) == pytest.approx([0.1, 0.45, 0.3, 0.15], rel=1e-4)
    assert trusted.all()


def test_a_student_that_knows_both_cases_keeps_them_apart() -> None:
    mapped, _ = charset_map("aAb", "aA").frames(log_probs([0.1, 0.3, 0.4, 0.2]))
    assert np.exp(mapped[0]) == pytest.approx([0.125, 0.375, 0.5])


def test_texts_are_mapped_whole_or_not_at_all() -> None:
    mapping = charset_map("aAbc", "ab")
    assert mapping.text("abA") == [1, 2, 1]
    assert mapping.text("") == []
    assert mapping.text("abc") is None


@pytest.mark.parametrize(("teacher", "student"), [("abc", "abd"), ("ab", "cd"), ("abc", "d")])
def test_charsets_that_overlap_or_miss_each_other_are_refused(teacher: str, student: str) -> None:
    with pytest.raises(InputError, match="The charsets of teacher and of the student don't fit together") as raised:
        charset_map(teacher, student)
    assert repr(teacher[-1]) in raised.value.cause
    assert repr(student[-1]) in raised.value.cause
    assert "--charset" in raised.value.fix


def test_of_many_lost_characters_the_first_are_named() -> None:
    with pytest.raises(InputError) as raised:
        charset_map("abcdefghijkl", "1")
    assert "'h' and 4 more" in raised.value.cause


@settings(max_examples=60, deadline=None)
@given(
    teacher=st.sets(st.sampled_from("abcdABCD\uff41\uff22é1"), min_size=2),
    kept=st.integers(1, 12),
    blank=st.integers(0, 2),
    seed=st.integers(0, 1000),
)
def test_frames_are_probabilities_and_trust_is_what_is_kept(
    teacher: set[str], kept: int, blank: int, seed: int
) -> None:
    characters = "".join(sorted(teacher))
    student = characters[:kept]
    mapping = CharsetMap(spec(characters, min(blank, len(characters))), spec(student))
    logits = np.random.default_rng(seed).normal(0, 3, (5, len(characters) + 1)).astype(np.float32)
    frames = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    mapped, trusted = mapping.frames(frames)
    assert mapped.shape == (5, len(student) + 1)
    assert np.exp(mapped).sum(-1) == pytest.approx(1, abs=1e-3)
    known = [i for i, c in enumerate(spec(characters, min(blank, len(characters))).alphabet) if mapping.index(c) >= 0]
    assert trusted.tolist() == (np.exp(frames)[:, known].sum(-1) >= 0.5).tolist()


def test_readings_of_a_teacher_that_decomposes_are_spelled_as_the_student_does() -> None:
    assert charset_map("e\u0301a", "e\u0301a\u00e9").text("ae\u0301") == [3, 4]
    assert charset_map("\u00e9a\u2126", "\u00e9a\u03a9").text("\u2126") == [3]
