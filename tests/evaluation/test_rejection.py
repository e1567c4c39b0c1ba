from __future__ import annotations

import pytest

from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.rejection import rejections


@pytest.fixture
def evaluation(evaluation_of):
    """Makes an evaluation of single letters, right or wrong, with confidences."""

    def make(right, confidences):
        read = evaluation_of(["a"] * len(right), ["a" if each else "b" for each in right])
        predictions = Predictions.of(
            prediction.model_copy(update={"confidence": confidence})
            for prediction, confidence in zip(read.predictions, confidences, strict=True)
        )
        accuracy = read.accuracy.model_copy(update={"cer_ci": 0.0})
        return read.model_copy(update={"predictions": predictions, "accuracy": accuracy})

    return make


def test_the_least_confident_are_rejected_first(evaluation) -> None:
    found = rejections(evaluation([False] * 10 + [True] * 90, [n / 100 for n in range(100)]))
    assert found[0].threshold == found[0].rejected == found[0].caught == 0
    assert found[0].error == found[0].wrong == pytest.approx(0.1)
    half = next(each for each in found if each.rejected == 0.05)
    assert (half.threshold, half.caught) == (0.05, 0.5)
    assert half.error == pytest.approx(5 / 95)
    assert [each.rejected for each in found] == sorted(each.rejected for each in found)
    assert found[-1].error == 0
    assert found[-1].caught == 1


def test_a_threshold_rejects_what_it_would_reject_in_use(evaluation) -> None:
    right, confidences = [False, True] * 50, [0.5] * 60 + [1.0] * 40
    found = rejections(evaluation(right, confidences))
    assert [(each.threshold, each.rejected) for each in found] == [(0.0, 0.0), (1.0, 0.6)]
    assert found[1].rejected == sum(confidence < found[1].threshold for confidence in confidences) / 100


def test_nothing_wrong_is_all_caught(evaluation) -> None:
    assert {each.caught for each in rejections(evaluation([True] * 30, [0.9] * 15 + [1.0] * 15))} == {1}


@pytest.mark.parametrize("confidences", [[None, None], [0.5, None]])
def test_without_confidences_there_is_no_curve(evaluation, confidences) -> None:
    assert rejections(evaluation([True, True], confidences)) == []
