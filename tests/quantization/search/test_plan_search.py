from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import stopwatches
from onnx import TensorProto, helper, numpy_helper
from quantization.comparisons import comparison

from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.progress import SILENT
from crnn_deploy.quantization import calibrated_model
from crnn_deploy.quantization.calibrated_model import CalibratedModel
from crnn_deploy.quantization.config import CalibratorName
from crnn_deploy.quantization.record import CalibratorTrial, SpeedTrial
from crnn_deploy.quantization.rewrite.plan import find_layers
from crnn_deploy.quantization.search.error_rise_cap import ErrorRiseCap
from crnn_deploy.quantization.search.fastest_plan import ALL, MIXED
from crnn_deploy.quantization.search.plan_search import PlanSearch, SearchResult, best_trial


def reading(error: float, width: float = 0.001, noise_db: float = 30.0) -> ModelComparison:
    return comparison(error, error - width, error + width, noise_db=noise_db)


def chosen(readings: list[ModelComparison], max_error_rise: float | None = None) -> int:
    """Which of the calibrators that read so is the best."""
    names = get_args(CalibratorName)
    trials = [CalibratorTrial(calibrator=name, comparison=found) for name, found in zip(names, readings, strict=True)]
    return names.index(best_trial(trials, ErrorRiseCap(max_error_rise)).calibrator)


def test_the_least_error_wins_where_it_is_clear():
    assert chosen([reading(0.05, 0.001, 40), reading(0.01), reading(0.05, 0.001, 41), reading(0.04, 0.001, 42)]) == 1


NEAR = [reading(0.05, 0.01, 45), reading(0.010, 0.003, 30), reading(0.013, 0.003, 35), reading(0.02, 0.003, 42)]


def test_the_least_noise_wins_among_errors_that_cannot_be_told_apart():
    assert chosen(NEAR) == 2


def test_the_least_noise_wins_where_all_read_the_same():
    assert chosen([reading(0, 0, 20), reading(0, 0, 40), reading(0, 0, 30), reading(0, 0, 10)]) == 1


def test_what_keeps_the_budget_is_preferred():
    assert chosen(NEAR, max_error_rise=0.014) == 1
    assert chosen(NEAR, max_error_rise=0.001) == 2  # none does


class Examiner:
    """Reads a plan, which stands for its model, as if each layer in INT8 cost an error."""

    def __init__(self, accepts_exact: bool = False) -> None:
        self.accepts_exact = accepts_exact

    def compare(self, model: tuple[frozenset[str], frozenset[str]], _: str) -> ModelComparison:
        plan, exact = model
        return reading(0.0 if exact and self.accepts_exact and len(plan) < 2 else 0.1 * len(plan))


NAMES = ("full", "depthwise", "point")


def make_search(monkeypatch: pytest.MonkeyPatch, target: str, examiner: Examiner) -> tuple[PlanSearch, list]:
    """A search over a graph whose depthwise convolution stands between float layers; and what it assembled."""
    shapes = {"full": [4, 4, 3, 3], "depthwise": [4, 1, 3, 3], "point": [4, 4, 1, 1]}
    nodes, value = [], "images"
    for name in NAMES:
        nodes.append(
            helper.make_node("Conv", [value, f"{name}.w"], [name], name, group=4 if name == "depthwise" else 1)
        )
        nodes.append(helper.make_node("HardSwish", [name], [f"{name}.h"], f"{name}.h"))
        value = f"{name}.h"
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 4, 16, "w"])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.ones(shape, np.float32), f"{name}.w") for name, shape in shapes.items()],
    )  # fmt: skip
    model = helper.make_model(graph)
    asked: list[tuple[frozenset[str], frozenset[str]]] = []

    def assemble(_model, plan, _ranges, _target, exact):
        asked.append((plan, exact))
        return plan, exact

    monkeypatch.setattr(calibrated_model, "assemble", assemble)
    return PlanSearch(CalibratedModel(model, target, find_layers(graph, target), {}), examiner, SILENT), asked


def test_sensitivity_is_measured_with_all_other_layers_in_fp32(monkeypatch):
    search, asked = make_search(monkeypatch, "cpu", Examiner())
    found = search.choose_calibrator(["minmax"], ErrorRiseCap(None))
    assert found.plan == {"full", "point"}
    assert not found.accepted  # nobody has asked yet
    asked.clear()
    search.keep_cap(found, ErrorRiseCap(None), always=True)
    assert asked == [({"full"}, {"depthwise", "point"}), ({"point"}, {"full", "depthwise"})]


def test_weights_of_all_layers_in_fp32_are_kept_where_it_takes_that(monkeypatch):
    search, _ = make_search(monkeypatch, "cpu", Examiner(accepts_exact=True))
    budget = ErrorRiseCap(0.05)
    found = search.keep_cap(search.choose_calibrator(["minmax"], budget), budget, always=False)
    assert found.accepted
    assert len(found.plan) == 1
    assert found.exact == set(NAMES) - found.plan
    assert set(found.reasons) == {"full", "point"} - found.plan


def test_layers_in_fp32_store_their_weights_in_int8_where_that_is_good_enough(monkeypatch):
    search, _ = make_search(monkeypatch, "cpu", Examiner())
    budget = ErrorRiseCap(0.15)  # one layer in INT8
    found = search.keep_cap(search.choose_calibrator(["minmax"], budget), budget, always=False)
    assert found.accepted
    assert len(found.plan) == 1
    assert found.exact == set()


def test_nothing_is_measured_where_the_budget_is_kept_unless_asked_for(monkeypatch):
    search, asked = make_search(monkeypatch, "cpu", Examiner())
    budget = ErrorRiseCap(0.5)
    found = search.choose_calibrator(["minmax"], budget)
    asked.clear()
    kept = search.keep_cap(found, budget, always=False)
    assert (kept.accepted, kept.plan, kept.sensitivity, asked) == (True, found.plan, (), [])
    measured = search.keep_cap(found, budget, always=True)
    assert (measured.accepted, measured.plan) == (True, found.plan)
    assert {entry.layer for entry in measured.sensitivity} == found.plan


def test_tensorrt_has_no_other_weights_to_try(monkeypatch):
    search, asked = make_search(monkeypatch, "tensorrt", Examiner())
    budget = ErrorRiseCap(0.05)
    found = search.choose_calibrator(["minmax"], budget)
    asked.clear()
    assert not search.keep_cap(found, budget, always=False).accepted
    repairs = asked[len(NAMES) :]  # after each layer alone
    assert len(repairs) == 2  # one bisection
    assert not any(exact for _, exact in repairs)


class Places:
    """A placement that has found a plan and timed it beside the whole one."""

    def __init__(self, plan: set[str]) -> None:
        self.plan = frozenset(plan)
        names = (MIXED, ALL)
        self.trials = tuple(SpeedTrial.of(n, 40, stopwatches.steady(1.0), stopwatches.steady(0.5)) for n in names)

    def fastest(self, plan, choices):
        assert self.plan <= plan
        return self.plan, self.trials


class Wavering(Examiner):
    """Reads badly with fewer than two layers in INT8."""

    def compare(self, model, _):
        return reading(0.0 if len(model[0]) == 2 else 0.5)


def placed(monkeypatch, plan: set[str], examiner: Examiner) -> SearchResult:
    search, _ = make_search(monkeypatch, "cpu", examiner)
    budget = ErrorRiseCap(0.3)
    found = search.keep_cap(search.choose_calibrator(["minmax"], budget), budget, always=False)
    assert (found.accepted, found.plan) == (True, {"full", "point"})
    return search.place(found, Places(plan), budget, (1, 4, 16, 40))


def test_layers_that_lose_time_leave_the_plan_and_it_is_told_why(monkeypatch):
    found = placed(monkeypatch, {"point"}, Examiner())
    assert (found.plan, found.reasons) == ({"point"}, {"full": "slower in INT8 here"})
    assert found.comparison.error == pytest.approx(0.1)
    assert [trial.plan for trial in found.speed] == [MIXED, ALL]


def test_the_plan_is_kept_where_it_is_the_fastest(monkeypatch):
    found = placed(monkeypatch, {"full", "point"}, Examiner())
    assert (found.plan, found.reasons) == ({"full", "point"}, {})
    assert [trial.plan for trial in found.speed] == [MIXED, ALL]


def test_a_faster_plan_that_reads_worse_is_not_taken_and_the_last_trial_is_that_of_the_whole(monkeypatch):
    monkeypatch.setattr(Places, "fastest", lambda self, *_: (self.plan, self.trials[::-1]))
    found = placed(monkeypatch, {"point"}, Wavering())
    assert (found.plan, found.reasons) == ({"full", "point"}, {})
    assert [trial.plan for trial in found.speed] == [MIXED, ALL]
