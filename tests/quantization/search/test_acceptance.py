from __future__ import annotations

from pathlib import Path

import pytest
import stopwatches
from quantization.comparisons import comparison

from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.record import LayerPlacement, QuantizationRecord, SpeedTrial
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision
from crnn_deploy.quantization.search.acceptance import complaint_about

CONFIG = QuantizeConfig(model=Path("m.onnx"), data="lines", output=Path("q.onnx"))
INT8 = RealisedPrecision(int8={"QLinearConv": 1}, fp32={"Conv": 1}, conversions=2)
FP32 = RealisedPrecision(int8={}, fp32={"Conv": 2}, conversions=0)
LAYERS = (
    LayerPlacement(layer="a", op="Conv", precision="int8"),
    LayerPlacement(layer="c", op="Conv", precision="int8"),
    LayerPlacement(layer="b", op="Conv", precision="fp32", reason="too sensitive for the budget"),
)


def record(speedup: float | None = 2.0, realised: RealisedPrecision | None = INT8) -> QuantizationRecord:
    speed = (
        () if speedup is None else (SpeedTrial.of("all", 100, stopwatches.steady(speedup), stopwatches.steady(1.0)),)
    )
    return QuantizationRecord(
        target="cpu",
        calibrator="mse",
        reference="labels",
        figure="cer_ci",
        calibration_images=30,
        held_out_images=20,
        comparison=comparison(0.2, -0.000001, 0.4, same_text=0.3, noise_db=10),
        layers=LAYERS,
        speed=speed,
        realised=realised,
        tensors=(),
    )


def test_what_is_accurate_and_faster_passes():
    assert complaint_about(CONFIG, record(), accepted=True) is None
    assert complaint_about(CONFIG, record(None, None), accepted=True) is None  # for another machine


def test_the_last_trial_decides_for_it_is_that_of_the_chosen_plan():
    slow, fast = (SpeedTrial.of("all", 100, stopwatches.steady(s), stopwatches.steady(1.0)) for s in (0.5, 2.0))
    for speed, passes in (((slow, fast), True), ((fast, slow), False)):
        found = complaint_about(CONFIG, record().model_copy(update={"speed": speed}), accepted=True)
        assert (found is None) is passes


def test_a_budget_that_could_not_be_missed_proves_nothing():
    silent = record().comparison.model_copy(update={"unproven": "reads nothing in any of 20 images"})
    unproven = record().model_copy(update={"comparison": silent})
    budget = CONFIG.model_copy(update={"max_error_rise": 0.003})
    what, _ = complaint_about(budget, unproven, accepted=True)
    assert what == "The budget of 0.3 points proves nothing: m.onnx reads nothing in any of 20 images."
    assert complaint_about(CONFIG, unproven, accepted=True) is None
    assert complaint_about(budget, record(), accepted=True) is None


@pytest.mark.parametrize("speedup", [0.5, 1.0, 1.019])
def test_what_is_not_clearly_faster_is_refused(speedup):
    what, cause = complaint_about(CONFIG, record(speedup), accepted=True)
    assert "no faster" in what
    assert "less than 2%" in cause
    assert complaint_about(CONFIG, record(1.03), accepted=True) is None


@pytest.mark.parametrize(
    ("parent", "candidate", "said"),
    [
        ((3.2, 3.3), (1.0, 1.1), None),
        ((3.2, 0.9, 27.0), (1.0, 3.1, 5.0), "too noisy"),
        ((1.0, 1.01), (1.0, 1.01), "no faster"),
        ((1.0, 1.01), (2.0, 3.0), "no faster"),
        ((1.0, 1.4, 1.8), (1.3, 1.0, 2.1), "too noisy"),
    ],
)
def test_luck_is_not_taken_for_speed(parent, candidate, said):
    trial = SpeedTrial.of("all", 100, stopwatches.noisy(*parent), stopwatches.noisy(*candidate))
    complaint = complaint_about(CONFIG, record().model_copy(update={"speed": (trial,)}), accepted=True)
    assert complaint is None if said is None else said in complaint[0]


def test_a_parent_that_was_timed_too_seldom_proves_nothing():
    seldom = stopwatches.steady(3.2).model_copy(update={"parts_ms": (3.2,) * 4})
    trial = SpeedTrial.of("all", 100, seldom, seldom.model_copy(update={"ms": 1.0}))
    what, cause = complaint_about(CONFIG, record().model_copy(update={"speed": (trial,)}), accepted=True)
    assert "too noisy" in what
    assert "too few rounds" in cause


def test_what_runs_in_fp32_is_refused_however_fast_it_seemed():
    what, _ = complaint_about(CONFIG, record(2.0, FP32), accepted=True)
    assert "runs nothing of m.onnx in INT8" in what


def test_only_what_is_known_is_said_of_an_inaccurate_model():
    what, cause = complaint_about(CONFIG, record(), accepted=False)
    assert "the error changes by +20.00 points (+0.00 … +40.00)" in what
    assert cause == "This is the best candidate found, with 1 of 3 layers in FP32."
    what, cause = complaint_about(CONFIG.model_copy(update={"max_error_rise": 0.003}), record(), accepted=False)
    assert "budget of 0.3 points" in what
    assert "--held-out" in cause
    assert "1 of 3 layers in FP32" in cause


def test_outputs_that_are_no_numbers_are_told():
    broken = record().comparison.model_copy(update={"not_finite": 3})
    what, _ = complaint_about(CONFIG, record().model_copy(update={"comparison": broken}), accepted=False)
    assert what == "m.onnx or its INT8 form gives NaN or infinite outputs for 3 of 20 images."
