"""What is said of a quantization follows from its figures."""

from __future__ import annotations

import pytest
from report.quantization_makers import comparison, full_record, make_record, tensor

from crnn_deploy.quantization.record import SpeedTrial
from crnn_deploy.report.quantization.figures import (
    kernels,
    machine_load,
    placements,
    sensitivity_table,
    short,
    tensors_table,
    trials_table,
    verdict,
    worst_tensors,
)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_the_verdict_names_cost_speed_and_kernels() -> None:
    assert plain(verdict(full_record())) == (
        "CER +0.05 points (−0.04 … +0.14) with calibrator mse, 98.70 % same text, 2.4× faster, "
        "GRU/LSTM in INT8 on avx512vnni"
    )


def test_the_speed_up_is_that_of_the_chosen_plan_and_may_be_a_slow_down() -> None:
    slower = SpeedTrial(plan="all", width=100, parent_ms=2.0, candidate_ms=4.0)
    faster = SpeedTrial(plan="all", width=100, parent_ms=4.0, candidate_ms=2.0)
    assert "2.0× slower" in verdict(make_record(speed=(faster, slower)))
    assert "×" not in verdict(make_record())


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(2.3, 2.6, "2.4× faster"), (1.66, 2.6, "at least 1.66× faster"), (0.9, 2.6, "2.4× faster")],
)
def test_of_a_speed_up_that_is_not_known_well_only_the_lower_end_is_told(low: float, high: float, said: str) -> None:
    trial = SpeedTrial(plan="all", width=100, parent_ms=2.4, candidate_ms=1.0, low=low, high=high, interrupted=0.3)
    assert f", {said}" in verdict(make_record(speed=(trial,)))


def test_a_busy_machine_is_told() -> None:
    trial = SpeedTrial(plan="all", width=100, parent_ms=2.4, candidate_ms=1.0, low=2.3, high=2.5, interrupted=0.3)
    assert "30 % of the runs were interrupted; times are known to ±4 %" in plain(
        machine_load(make_record(speed=(trial,)))
    )
    assert machine_load(make_record()) == ""


@pytest.mark.parametrize(("max_error_rise", "within"), [(None, True), (0.003, True), (0.0029, False)])
def test_the_budget_binds_the_upper_end_of_the_interval(max_error_rise: float | None, within: bool) -> None:
    record = make_record(comparison=comparison(0.002, 0.001), max_error_rise=max_error_rise)
    assert ("more than the 0.29 allowed" in verdict(record)) != within


def test_kernels_are_named_where_they_ran() -> None:
    assert kernels(make_record(kernel="amx")) == "GRU/LSTM in INT8 on amx"
    assert kernels(make_record()) == ""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("/backbone/blocks/blocks.1/layers/layers.0/layers.0.0/Conv_output_0", "backbone/blocks.1/layers.0.0/Conv"),
        ("/features/features.1/features.11/Conv", "features/features.1/features.11/Conv"),
        ("image", "image"),
    ],
)
def test_names_lose_what_they_repeat(name: str, shown: str) -> None:
    assert short(name) == (shown.removeprefix("features/") if "features" in shown else shown)


def test_the_chosen_calibrator_is_marked() -> None:
    marks = {row[0].text: row[-1].text for row in trials_table(full_record()).rows}
    assert marks == {"minmax": "", "percentile": "", "entropy": "", "mse": "yes"}


def test_each_layer_has_its_cost_and_where_it_runs() -> None:
    rows = {
        row[0].text: [f"{cell.text} {cell.detail}".strip() for cell in row]
        for row in sensitivity_table(full_record()).rows
    }
    assert rows["backbone/stem/Conv"][1:] == ["Conv", "+0.41 +0.35 … +0.47", "11.2", "FP32"]
    assert rows["sequence/rnn/GRU"][-1] == "INT8"


def test_layers_with_the_same_reason_are_told_together() -> None:
    first, second = placements(full_record(), "fp32")
    assert first == ("1 × Conv", "too sensitive for the budget", ["backbone/stem/Conv"])
    assert second[:2] == ("3 × Conv", "slower in INT8 here")
    assert len(second[2]) == 3


def test_tensors_that_saturate_have_outliers_or_waste_levels_come_first() -> None:
    tensors = (
        tensor("fine"), tensor("clipped", saturated=0.01), tensor("far", outliers=80.0), tensor("coarse", levels=16.0),
    )  # fmt: skip
    assert [found.name for found in worst_tensors(make_record(tensors=tensors))] == ["far", "coarse", "clipped"]


def test_what_rounds_to_nothing_is_told_from_nothing() -> None:
    rows = tensors_table([tensor("a", saturated=0.0), tensor("b", saturated=1e-6), tensor("c", saturated=0.0132)]).rows
    assert [plain(row[3].text) for row in rows] == ["0", "<0.01 %", "1.32 %"]


def test_ranges_show_what_was_observed_and_what_is_covered() -> None:
    (row,) = tensors_table([tensor("a", -0.0, 6.0, 2.0)]).rows
    assert [cell.text for cell in row[1:3]] == ["0 … 12", "0 … 6"]
