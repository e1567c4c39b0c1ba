from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.evaluation import bootstrap
from crnn_deploy.evaluation.bootstrap import difference_interval, draw_counts, intervals
from crnn_deploy.evaluation.metrics import Ratio

counts = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), min_size=2, max_size=60)


def ratio(counted: object, possible: object = None) -> Ratio:
    numbers = np.array(counted, np.float64)
    return Ratio(numbers, np.ones_like(numbers) if possible is None else np.array(possible, np.float64))


@settings(max_examples=30)
@given(counts)
def test_the_interval_contains_the_figure(pairs: list[tuple[int, int]]) -> None:
    figure = ratio([c for c, _ in pairs], [p for _, p in pairs])
    low, high = intervals({"x": figure}, resamples=300, seed=0)["x"]
    assert low - 1e-12 <= figure.value <= high + 1e-12


def test_the_interval_of_a_share_agrees_with_theory() -> None:
    coin = ratio([0, 1] * 200)
    low, high = intervals({"x": coin}, resamples=2000, seed=1)["x"]
    half_width = 1.96 * np.sqrt(0.25 / 400)
    assert low == pytest.approx(0.5 - half_width, abs=0.006)
    assert high == pytest.approx(0.5 + half_width, abs=0.006)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    figures = {"x": ratio(range(50), range(50, 100))}
    assert intervals(figures, 100, seed=3) == intervals(figures, 100, seed=3)
    assert intervals(figures, 100, seed=3) != intervals(figures, 100, seed=4)


def test_figures_do_not_influence_each_other() -> None:
    a, b = ratio(range(40)), ratio(range(40, 80), range(60, 100))
    assert intervals({"a": a, "b": b}, 100, seed=0)["b"] == intervals({"b": b}, 100, seed=0)["b"]


def test_a_figure_without_spread_has_no_width() -> None:
    assert intervals({"x": ratio([2] * 9, [4] * 9)}, 100, seed=0)["x"] == (0.5, 0.5)


def test_resamples_of_empty_references_stay_finite() -> None:
    low, high = intervals({"x": ratio([1, 0], [0, 1])}, 200, seed=0)["x"]
    assert np.isfinite([low, high]).all()


def test_pairing_cancels_what_both_models_find_hard() -> None:
    difficulty = np.random.default_rng(0).integers(0, 10, 200)
    parent, candidate = ratio(difficulty), ratio(difficulty + 1)
    assert difference_interval(candidate, parent, 200, seed=0) == (1.0, 1.0)
    low, high = intervals({"x": candidate}, 200, seed=0)["x"]
    assert high - low > 0.5


def test_an_image_counts_as_often_whatever_comes_after_it() -> None:
    few, many = (bootstrap._weights(count, 50, seed=7, block=0) for count in (3, 40))
    assert np.array_equal(few, many[:3])
    assert not np.array_equal(few, bootstrap._weights(3, 50, seed=7, block=1))


def test_weights_are_those_of_a_poisson_distribution_with_mean_1() -> None:
    weights = bootstrap._weights(1000, 1000, seed=0, block=0)
    assert weights.mean() == pytest.approx(1, abs=0.005)
    assert weights.var() == pytest.approx(1, abs=0.01)
    assert (weights == 0).mean() == pytest.approx(np.exp(-1), abs=0.003)


def test_a_single_image_has_its_own_figure_in_every_resample() -> None:
    assert intervals({"x": ratio([1], [4])}, 200, seed=0)["x"] == (0.25, 0.25)


def test_the_interval_is_that_of_drawing_with_replacement() -> None:
    rng = np.random.default_rng(0)
    figure = ratio(rng.poisson(0.6, 800), rng.integers(1, 30, 800))
    drawn = [draw_counts(rng, 800) for _ in range(2000)]
    expected = np.percentile([(w @ figure.counted) / (w @ figure.possible) for w in drawn], bootstrap.PERCENTILES)
    width = expected[1] - expected[0]
    assert intervals({"x": figure}, 2000, seed=0)["x"] == pytest.approx(tuple(expected), abs=0.08 * width)


@pytest.mark.parametrize("period", [1, 5, 256, 1000], ids=["none", "of 5", "of 256", "of 1000"])
def test_images_that_share_a_weight_leave_the_interval_as_it_is(period: int) -> None:
    count = 5 * bootstrap.CELLS + 77
    kinds = np.random.default_rng(1).permutation(np.arange(count if period == 1 else period) % 5 == 0)
    coin = ratio(kinds[np.arange(count) % len(kinds)])
    low, high = intervals({"x": coin}, 1000, seed=1)["x"]
    width = 2 * 1.96 * np.sqrt(coin.value * (1 - coin.value) / count)
    assert high - low == pytest.approx(width, rel=0.12)
    assert (low + high) / 2 == pytest.approx(coin.value, abs=0.1 * width)
