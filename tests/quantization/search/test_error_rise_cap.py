from __future__ import annotations

import pytest
from quantization.comparisons import comparison

from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.quantization.record import LayerSensitivity
from crnn_deploy.quantization.search.error_rise_cap import ErrorRiseCap, PlanFit, fit_to_cap

COSTS = {"a": 0.001, "b": 0.2, "c": 0.0, "d": 0.03, "e": 0.004}
EVERYTHING = frozenset(COSTS)


def reading(error: float, same_text: float = 0.9) -> ModelComparison:
    return comparison(error, error - 0.001, error + 0.001, same_text)


RANKING = [LayerSensitivity(layer=name, op="Conv", comparison=reading(COSTS[name])) for name in "bdeac"]


class Reader:
    """Reads as if each layer in INT8 cost its own share of errors, and counts."""

    def __init__(self):
        self.count = 0

    def __call__(self, plan, description):
        self.count += 1
        return reading(sum(COSTS[name] for name in plan))


@pytest.mark.parametrize(
    ("max_error_rise", "in_fp32"),
    [(0.04, {"b"}), (0.007, {"b", "d"}), (0.0025, {"b", "d", "e"}), (0.0015, set("abde"))],
)
def test_the_fewest_layers_stay_in_fp32_that_keep_the_budget(max_error_rise, in_fp32):
    read = Reader()
    fit = fit_to_cap(PlanFit(EVERYTHING, read(EVERYTHING, ""), False), RANKING, read, ErrorRiseCap(max_error_rise))
    assert fit.accepted
    assert EVERYTHING - fit.plan == in_fp32
    assert fit.comparison.difference.high <= max_error_rise
    assert read.count <= 1 + 3  # bisection, not one by one


def test_where_nothing_keeps_the_budget_the_best_is_given():
    read = Reader()
    fit = fit_to_cap(PlanFit(EVERYTHING, read(EVERYTHING, ""), False), RANKING, read, ErrorRiseCap(0.0))
    assert not fit.accepted
    assert fit.plan == {"c"}


class Wavering:
    """Reads with given errors and widths of intervals, by the number of layers in FP32."""

    def __init__(self, readings: dict[int, tuple[float, float]]):
        self.readings = readings

    def __call__(self, plan, description):
        error, width = self.readings[len(EVERYTHING) - len(plan)]
        return comparison(error, error - width, error + width)


def fit_of(max_error_rise: float, readings: dict[int, tuple[float, float]]) -> PlanFit:
    read = Wavering(readings)
    unfit = PlanFit(EVERYTHING, read(EVERYTHING, ""), False)
    return fit_to_cap(unfit, RANKING, read, ErrorRiseCap(max_error_rise))


def test_a_plan_that_keeps_the_budget_is_not_given_up_for_a_smaller_error_that_does_not():
    # Tried are 2 layers in FP32, which keep the budget, then 1: a smaller error, with an interval that is too wide.
    fit = fit_of(0.03, {0: (0.3, 0), 2: (0.02, 0.001), 1: (0.01, 0.1)})
    assert fit.accepted
    assert EVERYTHING - fit.plan == {"b", "d"}


def test_where_nothing_keeps_the_budget_the_least_error_is_given_even_if_another_was_tried_last():
    # Tried are 2, 3 and 4 layers in FP32.
    fit = fit_of(0.0, {0: (0.3, 0), 2: (0.02, 0), 3: (0.01, 0), 4: (0.05, 0)})
    assert not fit.accepted
    assert EVERYTHING - fit.plan == {"b", "d", "e"}
    assert fit_of(0.0, {0: (0.01, 0), 2: (0.02, 0), 3: (0.03, 0), 4: (0.05, 0)}).plan == EVERYTHING


def test_layers_stay_in_int8_where_fp32_helps_nothing():
    assert fit_of(0.0, dict.fromkeys((0, 2, 3, 4), (0.3, 0))).plan == EVERYTHING


def test_a_budget_that_is_just_kept_is_kept():
    assert ErrorRiseCap(0.25).accepts(comparison(0.125, 0.0, 0.25))
    assert not ErrorRiseCap(0.25).accepts(comparison(0.125, 0.0, 0.2501))


def test_without_a_budget_a_model_must_not_be_broken():
    assert ErrorRiseCap(None).accepts(reading(0.3, same_text=0.5))
    assert not ErrorRiseCap(None).accepts(reading(0.3, same_text=0.49))


def test_a_repaired_model_must_come_back_to_within_a_point():
    assert ErrorRiseCap(None).accepts_repaired(reading(0.009))
    assert ErrorRiseCap(None).accepts_repaired(reading(0.01))
    assert not ErrorRiseCap(None).accepts_repaired(reading(0.011))
    assert ErrorRiseCap(0.05).accepts_repaired(reading(0.02))


def test_a_budget_is_held_against_the_upper_end_of_the_interval():
    assert ErrorRiseCap(0.011).accepts(reading(0.01))
    assert not ErrorRiseCap(0.0105).accepts(reading(0.01))


@pytest.mark.parametrize("cap", [None, 1.0])
def test_outputs_that_are_no_numbers_are_never_accepted(cap):
    assert ErrorRiseCap(cap).accepts(reading(0.0))
    assert not ErrorRiseCap(cap).accepts(reading(0.0).model_copy(update={"not_finite": 1}))


def test_without_a_budget_labels_show_that_an_error_certainly_rises_by_more_than_a_point():
    labelled = ErrorRiseCap(None, labelled=True)
    assert labelled.accepts(comparison(0.03, 0.01, 0.05, 0.9))
    assert not labelled.accepts(comparison(0.03, 0.011, 0.05, 0.9))
    assert ErrorRiseCap(None).accepts(comparison(0.03, 0.011, 0.05, 0.9))
    assert ErrorRiseCap(0.06, labelled=True).accepts(comparison(0.03, 0.011, 0.05, 0.9))
