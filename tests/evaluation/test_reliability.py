from __future__ import annotations

import numpy as np
import pytest

from crnn_deploy.evaluation.reliability import reliability


def test_the_calibration_error_is_the_mean_difference_weighted_by_images() -> None:
    found = reliability([0.95, 0.95, 0.95, 0.15], np.array([True, True, False, False]))
    assert [(each.images, each.confidence, each.right) for each in found.bins] == [
        (1, pytest.approx(0.15), 0.0),
        (3, pytest.approx(0.95), pytest.approx(2 / 3)),
    ]
    assert found.calibration_error == pytest.approx((0.15 + 3 * (0.95 - 2 / 3)) / 4)


def test_confidences_that_are_right_have_no_error() -> None:
    rng = np.random.default_rng(0)
    sure = rng.random(20_000)
    assert reliability(sure.tolist(), rng.random(20_000) < sure).calibration_error < 0.02


def test_a_confidence_of_one_has_a_bin() -> None:
    assert reliability([1.0], np.array([True])).calibration_error == 0
