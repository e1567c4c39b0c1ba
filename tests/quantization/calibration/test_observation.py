from __future__ import annotations

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from tiny_crnn import tiny_artifact, tiny_spec

from crnn_deploy.artifact import read_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization.calibration import observation
from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS
from crnn_deploy.quantization.calibration.histogram import Histogram
from crnn_deploy.quantization.calibration.observation import observe, ranges


def model_with(weight=0.5):
    """images → conv → relu → logits, with values inside that a fused graph would not show."""
    kernel = np.random.default_rng(0).standard_normal((4, 1, 3, 3)).astype(np.float32) * np.float32(weight)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["conv"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["conv"], ["logits"]),
        ],
        "test",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 8, "width"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 4, 8, "width"])],
        [numpy_helper.from_array(kernel, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


TENSORS = ["images", "conv", "logits"]


def images(count, width=16):
    return np.random.default_rng(1).standard_normal((count, 1, 8, width), np.float32)


def state(histogram):
    return histogram.lowest, histogram.highest, histogram.width, histogram.count, *histogram.counts


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 12))
def test_histograms_do_not_depend_on_the_batch_size(size):
    every = images(12)
    alone = observe(model_with(), TENSORS, [every], threads=1)
    batched = observe(model_with(), TENSORS, (every[i : i + size] for i in range(0, 12, size)), threads=1)
    for name in TENSORS:
        assert state(batched[name]) == state(alone[name])


def test_all_widths_and_inner_tensors_are_observed():
    parts = [images(2, width) for width in (8, 31, 100)]
    found = observe(model_with(), TENSORS, parts, threads=1)
    pixels = sum(part.size for part in parts)
    assert [found[name].count for name in TENSORS] == [pixels, 4 * pixels, 4 * pixels]
    assert found["images"].lowest == min(part.min() for part in parts)
    assert found["images"].highest == max(part.max() for part in parts)
    assert found["conv"].lowest < 0
    assert (found["logits"].lowest, found["logits"].highest) == (0, found["conv"].highest)


def test_only_the_tensors_asked_for_are_observed():
    assert list(observe(model_with(), ["conv"], [images(1)], threads=1)) == ["conv"]


@pytest.mark.parametrize("tensors", [["images"], []])
def test_nothing_but_the_image_may_be_asked_for(tensors):
    found = observe(model_with(), tensors, [images(2)], threads=1)
    assert {name: histogram.count for name, histogram in found.items()} == dict.fromkeys(tensors, images(2).size)


def test_the_model_is_left_as_it_was():
    model = model_with()
    before = model.SerializeToString()
    observe(model, TENSORS, [images(1)], threads=1)
    assert model.SerializeToString() == before


def test_a_recurrent_recogniser_is_observed_on_both_sides_of_its_gru(tmp_path):
    parent = tiny_artifact(tmp_path, tiny_spec())
    model = read_onnx(export(ExportConfig(model=parent.path, output=tmp_path / "tiny.onnx")).path)
    gru = next(node for node in model.graph.node if node.op_type == "GRU")
    lines = [np.random.default_rng(width).standard_normal((1, 1, 16, width), np.float32) for width in (20, 64)]
    found = observe(model, [gru.input[0], gru.output[0]], lines, threads=1)
    assert found[gru.input[0]].lowest >= 0  # after ReLU
    assert 0 < found[gru.output[0]].magnitude <= 1
    assert found[gru.output[0]].count == (20 + 64) // 4 * 2 * 24


def test_memory_holds_one_batch_whatever_the_number_of_batches(monkeypatch):
    alive, seen, most = 0, 0, 0

    def gone():
        nonlocal alive
        alive -= 1

    class Watching(Histogram):
        def observe(self, values):
            nonlocal alive, seen
            weakref.finalize(values, gone)
            alive, seen = alive + 1, seen + 1
            super().observe(values)

    def stream():
        nonlocal most
        for _ in range(20):
            yield images(2)
            most = max(most, alive)

    monkeypatch.setattr(observation, "Histogram", Watching)
    observe(model_with(), TENSORS, stream(), threads=1)
    assert seen == 20 * len(TENSORS)
    assert most <= 2 * len(TENSORS)


def test_activations_that_overflow_are_refused_by_name():
    with pytest.raises(InputError, match="activation conv is not finite"):
        observe(model_with(np.inf), TENSORS, [images(1)])


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("calibrator", sorted(CALIBRATORS))
def test_each_tensor_gets_the_range_of_its_own_values(calibrator, symmetric):
    histograms = observe(model_with(), TENSORS, [images(4)], threads=1)
    found = ranges(histograms, CALIBRATORS[calibrator], symmetric)
    assert found == {name: CALIBRATORS[calibrator](histograms[name], symmetric) for name in TENSORS}
    if not symmetric:
        assert found["conv"][0] < 0 == found["logits"][0]
