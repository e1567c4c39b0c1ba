from __future__ import annotations

import pytest

from crnn_deploy.quantization.record import Change, LayerSensitivity, Reading
from crnn_deploy.quantization.search.budget import Budget, fit_budget

COSTS = {"a": 0.001, "b": 0.2, "c": 0.0, "d": 0.03, "e": 0.004}
EVERYTHING = frozenset(COSTS)


def reading(error: float, same_text: float = 0.9) -> Reading:
    change = Change(delta=error, low=error - 0.001, high=error + 0.001)
    return Reading(error=error, change=change, same_text=same_text, noise_db=30.0)


RANKING = [LayerSensitivity(layer=name, op="Conv", reading=reading(COSTS[name])) for name in "bdeac"]


class Reader:
    """Reads as if each layer in INT8 cost its own share of errors, and counts."""

    def __init__(self):
        self.count = 0

    def __call__(self, plan, description):
        self.count += 1
        return reading(sum(COSTS[name] for name in plan))


@pytest.mark.parametrize(
    ("max_drop", "in_fp32"), [(0.04, {"b"}), (0.007, {"b", "d"}), (0.0025, {"b", "d", "e"}), (0.0015, set("abde"))]
)
def test_the_fewest_layers_stay_in_fp32_that_keep_the_budget(max_drop, in_fp32):
    read = Reader()
    fit = fit_budget(EVERYTHING, RANKING, read, Budget(max_drop), read(EVERYTHING, ""))
    assert fit.accepted
    assert EVERYTHING - fit.plan == in_fp32
    assert fit.reading.change.high <= max_drop
    assert read.count <= 1 + 3  # bisection, not one by one


def test_where_nothing_keeps_the_budget_the_best_is_given():
    read = Reader()
    fit = fit_budget(EVERYTHING, RANKING, read, Budget(0.0), read(EVERYTHING, ""))
    assert not fit.accepted
    assert fit.plan == {"c"}


def test_without_a_budget_a_model_must_not_be_broken():
    assert Budget(None).accepts(reading(0.3, same_text=0.5))
    assert not Budget(None).accepts(reading(0.3, same_text=0.49))


def test_a_repaired_model_must_come_back_to_within_a_point():
    assert Budget(None).accepts_repaired(reading(0.009))
    assert not Budget(None).accepts_repaired(reading(0.02))
    assert Budget(0.05).accepts_repaired(reading(0.02))


def test_a_budget_is_held_against_the_upper_end_of_the_interval():
    assert Budget(0.011).accepts(reading(0.01))
    assert not Budget(0.0105).accepts(reading(0.01))
