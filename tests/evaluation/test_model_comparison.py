"""What is counted when a candidate is compared with its parent."""

from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.model_comparison import LARGEST_DB, ModelComparison, compare_logits, compare_sessions

CLASSES = np.array([[11, 0, 11, 1], [2, 11, 11, 11]])  # "ab" and "c" with the blank last


def logits(classes=CLASSES, scale: float = 10.0, count: int = 12) -> np.ndarray:
    return scale * np.eye(count, dtype=np.float32)[classes]


def test_a_model_is_its_own_equal(reader) -> None:
    found = compare_logits([(logits(), logits())], reader)
    assert (found.images, found.changed, found.not_finite, found.same_text) == (2, 0, 0, 1)
    assert (found.max_difference, found.relative_difference, found.noise_db) == (0, 0, LARGEST_DB)
    assert found.error == found.difference.delta == found.difference.high == 0


def test_other_text_is_counted_against_the_parents_where_there_are_no_references(reader) -> None:
    other = logits(np.array([[11, 0, 11, 11], [2, 11, 11, 11]]))
    found = compare_logits([(logits(), other), (logits(), logits())], reader)
    assert (found.images, found.changed, found.same_text) == (4, 1, 0.75)
    assert found.error == found.difference.delta == pytest.approx(1 / 6)
    assert (found.max_difference, found.relative_difference) == (10, 1)
    assert found.difference.figure == "cer_ci"


def test_references_decide_where_there_are_some(reader) -> None:
    other = logits(np.array([[11, 0, 11, 11], [2, 11, 11, 11]]))
    found = compare_logits([(logits(), other)], reader, ["A", "C"])  # the candidate is right, but for its case
    assert (found.changed, found.error) == (1, 0)
    assert found.difference.delta == pytest.approx(-0.5)


def test_classes_are_counted_by_what_top1_misses(classifier) -> None:
    right, wrong = logits(np.array([0, 1]), count=3), logits(np.array([0, 2]), count=3)
    found = compare_logits([(right, wrong)], classifier)
    assert (found.error, found.difference.figure) == (0.5, "top1_error")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_counted_and_left_out_of_the_largest_difference(reader, value: float) -> None:
    spoilt = logits() + np.float32(0.5)
    spoilt[1, 0, 0] = value
    found = compare_logits([(logits(), spoilt)], reader)
    assert (found.not_finite, found.max_difference, found.noise_db) == (1, 0.5, -LARGEST_DB)


def test_the_largest_difference_is_that_of_any_batch_relative_to_its_own_logits(reader) -> None:
    first, second = logits(), logits(scale=100.0)
    lower, higher = first - np.float32(0.5), second + np.float32(1)
    found = compare_logits([(first, lower), (second, higher)], reader)
    assert (found.max_difference, found.relative_difference) == (1, 0.05)
    signal = np.square(first).sum() + np.square(second).sum()
    noise = first.size * 0.25 + second.size
    assert found.noise_db == pytest.approx(10 * np.log10(signal / noise))


def test_a_difference_is_told_relative_to_small_logits_too(reader) -> None:
    small = logits(scale=0.5)
    found = compare_logits([(small, small + np.float32(0.125))], reader)
    assert (found.max_difference, found.relative_difference) == (0.125, 0.25)


def test_decibels_stay_within_bounds_where_there_is_no_signal(reader) -> None:
    assert compare_logits([(logits(scale=0.0), logits())], reader).noise_db == -LARGEST_DB
    assert compare_logits([(logits(), logits() + np.float32(1e-12))], reader).noise_db == LARGEST_DB
    assert compare_logits([], reader).same_text == 1
    assert LARGEST_DB == 200  # FP32 tells 150 dB apart; reports of older versions hold it


@pytest.mark.parametrize(("other", "constant"), [(0.0, True), (1e-6, True), (1e-3, False)])
def test_outputs_that_differ_by_no_more_than_rounding_are_constant(reader, other: float, constant: bool) -> None:
    same = logits(CLASSES[[0, 0]])
    same[1, 0, 5] += np.float32(other)  # of a class that is not read
    found = compare_logits([(same, same)], reader)
    assert (found.constant, "same outputs" in found.unproven) == (constant, constant)
    wider = logits(np.tile(CLASSES[:1], (1, 3)))  # another width, the same mean
    assert compare_logits([(same[:1], same[:1]), (wider, wider)], reader).constant
    assert not compare_logits([(same[:1], same[:1])], reader).constant  # one image tells nothing
    assert not compare_logits([(logits(), logits())], reader).constant


def test_outputs_that_are_all_zero_are_constant(reader) -> None:
    nothing = logits(scale=0.0)
    assert compare_logits([(nothing, nothing)], reader).constant


def test_a_comparison_that_an_older_version_stored_accuses_nobody(reader) -> None:
    stored = compare_logits([(logits(), logits())], reader).model_dump(exclude={"constant", "unproven"})
    found = ModelComparison.model_validate(stored)
    assert (found.constant, found.unproven) == (False, "")


def test_noise_is_the_power_of_the_difference(reader) -> None:
    found = compare_logits([(logits(), logits(scale=9.0))], reader)
    assert found.noise_db == pytest.approx(20)
    assert found.relative_difference == pytest.approx(0.1)


def test_sessions_whose_logits_differ_in_shape_are_refused(reader, reading_session) -> None:
    class Short(reading_session):
        def run(self, images):
            return super().run(images)[:, :-1]

    images = [np.zeros((1, 1, 8, 24), np.float32)]
    with pytest.raises(GateError, match=r"\[1, 39, 12\], its parent \[1, 40, 12\]"):
        compare_sessions(reading_session(reader, ["ab"]), Short(reader, ["ab"]), images)
