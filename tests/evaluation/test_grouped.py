from __future__ import annotations

from itertools import pairwise

import pytest

from crnn_deploy.evaluation.grouped import grouped_errors, label_lengths
from crnn_deploy.evaluation.predictions import Predictions


@pytest.fixture(scope="module")
def evaluation(evaluation_of):
    """A hundred labels of four characters; the second half is read with one wrong."""
    read = evaluation_of(["abcd"] * 100, ["abcd"] * 50 + ["abcx"] * 50)
    return read.model_copy(update={"accuracy": read.accuracy.model_copy(update={"cer_ci": 0.125})})


def test_groups_have_the_error_of_their_images_with_its_interval(evaluation) -> None:
    narrow, wide = grouped_errors(evaluation, list(range(100)), groups=2)
    assert (narrow.lowest, narrow.highest, narrow.images, narrow.error) == (0, 49, 50, 0)
    assert (wide.lowest, wide.highest, wide.images, wide.error) == (50, 99, 50, 0.25)
    assert wide.low <= wide.error <= wide.high


def test_every_image_is_in_one_group_and_equal_values_are_together(evaluation) -> None:
    values = [1.0] * 70 + [2.0] * 10 + [5.0] * 20
    found = grouped_errors(evaluation, values)
    assert sum(group.images for group in found) == 100
    assert all(one.highest < other.lowest for one, other in pairwise(found))


def test_one_group_tells_nothing(evaluation) -> None:
    assert grouped_errors(evaluation, [3.0] * 100) == []


def test_few_images_make_few_groups(evaluation) -> None:
    few = evaluation.model_copy(update={"predictions": Predictions.of(evaluation.predictions[:45])})
    assert len(grouped_errors(few, list(range(45)))) == 2
    assert label_lengths(few).tolist() == [4] * 45
