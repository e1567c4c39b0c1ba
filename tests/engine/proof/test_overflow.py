from __future__ import annotations

import numpy as np
import pytest
from engine.graphs import model
from onnx import helper

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.engine.proof.overflow import find_peaks, highest, overflowing

FP16 = LoweringOptions(precision="fp16")


def up_and_down(factor):
    """`x` [n] → raised by a factor → square root of its magnitude → lowered → `y`."""
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["a"], "raised"),
        helper.make_node("Abs", ["a"], ["b"], "magnitude"),
        helper.make_node("Sqrt", ["b"], ["c"], "root"),
        helper.make_node("Add", ["c", "c"], ["y"], "lowered"),
    ]
    return model(nodes, {"x": ["n"]}, {"y": ["n"]}, {"factor": np.float32(factor)})


def images(*magnitudes):
    return [np.array([0, magnitude], np.float32) for magnitude in magnitudes]


def test_peaks_are_the_largest_magnitudes_over_all_images():
    typed = lower(up_and_down(100), FP16).model
    peaks = find_peaks(typed, images(9, -49, 4))
    assert peaks["engine::half::a"] == 4900
    assert peaks["engine::half::c"] == 70
    top = highest(typed, peaks)
    assert (top.node, top.magnitude) == ("raised", 4900)


@pytest.mark.parametrize(("largest", "kept"), [(320, []), (330, ["raised", "magnitude", "root"])])
def test_what_computes_or_reads_too_large_numbers_stays(largest, kept):
    typed = lower(up_and_down(100), FP16).model
    assert overflowing(typed, find_peaks(typed, images(1, largest))) == kept


def test_an_input_beyond_fp16_keeps_its_readers():
    typed = lower(up_and_down(0.001), FP16).model
    assert overflowing(typed, find_peaks(typed, images(1e5))) == ["raised"]


def test_what_is_not_finite_in_fp32_counts_as_too_large():
    typed = lower(up_and_down(6e4), FP16).model
    assert "raised" in overflowing(typed, find_peaks(typed, images(1e38)))


def test_an_fp32_graph_has_no_peaks():
    fp32 = lower(up_and_down(1), LoweringOptions(precision="fp32")).model
    assert find_peaks(fp32, images(1)) == {}
    assert highest(fp32, {}) is None
