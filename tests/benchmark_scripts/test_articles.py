"""The claims of the articles are held against what was measured, and figures of both kinds can fail."""

from __future__ import annotations

from typing import Any

import parameters
import verdicts
from claims import parameters_explained


def group(networks: tuple[str, ...], sizes: dict[str, int], ratio: list[float]) -> dict[str, Any]:
    facts = {"fp32_bytes": 1000, "int8_bytes": 250, "layers": 3, "layers_in_fp32": ["head"]}
    names = [f"{name} {precision}" for name in networks for precision in verdicts.PRECISIONS]
    return {
        "networks": {name: {**facts, "parameters": sizes.get(name, 100)} for name in networks},
        "ratios": {fast: {slow: ratio for slow in names if slow != fast} for fast in names},
    }


def found(ratio: list[float]) -> dict[str, Any]:
    """Measurements in which each ratio of times is the same."""
    steps = {"steps": 64, "before": 10, "peak": 900, "seconds": 1.0}
    networks = {
        name: group(("resnet18", *pair) if "ResNet" in name else pair, {pair[0]: 79}, ratio)
        for name, pair in verdicts.PAIRS.items()
    }
    layer = {"GRU fp32": {"LSTM fp32": ratio}, "GRU int8": {"LSTM int8": ratio}}
    return {
        "parameters": parameters.measured(),
        "networks": networks,
        "layers": {"7 steps": {"ratios": layer}},
        "memory": [steps, {**steps, "peak": 300, "seconds": 2.0}],
    }


def test_a_claim_holds_only_within_the_interval() -> None:
    table = {claim: (measured, holds) for claim, measured, holds in verdicts.rows(found([1.2, 1.15, 1.25]))}
    assert table["A GRU is 19 % faster than an LSTM: CNN at 32 pixels"][1] == "yes"
    assert table["INT8 is 3× faster: cnn-gru, CNN at 32 pixels"] == (
        "1.20× (1.15–1.25), 1 of 3 layers in FP32",
        "no, less",
    )
    assert table["INT8 is 75 % smaller: cnn-gru, CNN at 32 pixels"][1] == "yes"
    assert table["A GRU layer has 33 % fewer parameters than an LSTM layer"] == (
        "25.0 % in each of 5 sizes",
        "no, less",
    )
    assert table["A model with GRU has 21 % fewer parameters than with LSTM: CNN at 28 pixels"][1] == "yes"
    faster = {claim: holds for claim, _, holds in verdicts.rows(found([3.1, 2.9, 3.3]))}
    assert faster["INT8 is 3× faster: cnn-gru, CNN at 32 pixels"] == "the interval does not tell"
    assert faster["A GRU is 19 % faster than an LSTM: CNN at 32 pixels"] == "no, more"


def test_sizes_that_give_a_figure_give_it() -> None:
    counted = parameters.measured()
    (lstm,) = counted["sizes_that_give"]["resnet18-lstm"]
    without_head = counted["resnet18_at_224"] - 51_300
    assert round(parameters.Sizes(**lstm).parameters(without_head) / 1e6, 1) == 15.7
    assert counted["networks"]["resnet18-gru"] == 12_180_644
    assert "1 × GRU of 256 units in both directions over cells" in parameters_explained(counted)
