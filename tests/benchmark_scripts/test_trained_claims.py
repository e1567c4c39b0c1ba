"""What training advice brings is judged by an interval over seeds and images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from trained_claims import Runs, compared, half_width, row, verdict


class Known(Runs):
    """Runs whose results are given: for each run and seed the share of 400 images that are right."""

    def __init__(self, shares: Mapping[str, list[float]]) -> None:
        super().__init__("mnist", Path(), Path(), Path())
        self.shares = shares

    def hits(self, run: str, seed: int) -> NDArray[np.bool_]:
        return np.arange(400) < 400 * self.shares[run][seed]


def test_a_gain_in_every_seed_is_true_and_a_loss_false() -> None:
    runs = Known({"plain": [0.80, 0.82, 0.81], "good": [0.90, 0.93, 0.90], "bad": [0.70, 0.71, 0.72]})
    good, bad, same = compared(
        runs, {"good": ("plain", "good"), "bad": ("plain", "bad"), "same": ("plain", "plain")}, seeds=3
    )
    assert good["gain"] == pytest.approx(0.1)
    assert [verdict(each) for each in (good, bad, same)] == [
        "true",
        "false: it costs",
        "not shown",
    ]
    assert row(good)[:2] == ("good", "81.00 %")
    assert row(good)[4] == "+10.00, +11.00, +9.00"


def test_seeds_that_disagree_show_nothing() -> None:
    runs = Known({"plain": [0.8, 0.8, 0.8], "other": [0.9, 0.75, 0.87]})
    (found,) = compared(runs, {"other": ("plain", "other")}, seeds=3)
    assert found["gain"] == pytest.approx(0.04)
    assert verdict(found) == verdict({**found, "half": 0.01}) == "not shown"


def test_the_interval_has_the_images_in_it_and_narrows_with_more_seeds() -> None:
    gain = np.tile(np.random.default_rng(0).choice([-1.0, 0.0, 1.0], 900), (3, 1))
    by_images = half_width(0, 2, gain)
    assert by_images == pytest.approx(1.96 * (2 / 3 / 900) ** 0.5, rel=0.05)
    assert half_width(1e-4, 2, gain) > half_width(1e-4, 16, gain) > by_images
