"""Which nodes of an FP16 graph stay in FP32, where that is not told by their operators alone."""

from __future__ import annotations

import numpy as np
import pytest
from engine.graphs import gru, model
from onnx import helper

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import LoweringOptions


def kept(graph, *wanted):
    return list(lower(graph, LoweringOptions(precision="fp16", keep_fp32=wanted)).kept_fp32)


def convolutions(bias=1.0, weight=1.0):
    """`x` [N, 2, H, W] → conv0 → relu0 → turn → conv1 → relu1 → `y`; the numbers are all of the weights of conv0."""
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["a"], "conv0"),
        helper.make_node("Relu", ["a"], ["b"], "relu0"),
        helper.make_node("Transpose", ["b"], ["c"], "turn", perm=[0, 1, 3, 2]),
        helper.make_node("Conv", ["c", "w1", "b1"], ["d"], "conv1"),
        helper.make_node("Relu", ["d"], ["y"], "relu1"),
    ]
    one = np.ones((2, 2, 3, 3), np.float32)
    biases = {"b0": np.full(2, bias, np.float32), "b1": np.ones(2, np.float32)}
    shape = ["n", 2, "h", "w"]
    return model(nodes, {"x": shape}, {"y": shape}, {"w0": one * np.float32(weight), "w1": one, **biases})


def spatial_transformer():
    """`x` [N, 1, 4, 8] → features → points → grid → GridSample → conv → `y`."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["f"], "features", strides=[4, 8], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["f"], ["g"], "flat"),
        helper.make_node("Gemm", ["g", "points", "at"], ["p"], "points"),
        helper.make_node("Reshape", ["p", "shape"], ["grid"], "grid"),
        helper.make_node("GridSample", ["x", "grid"], ["s"], "sample"),
        helper.make_node("Conv", ["s", "w"], ["y"], "conv"),
    ]
    random = np.random.default_rng(0)
    weights = {
        "w": random.normal(size=(1, 1, 3, 3)).astype(np.float32),
        "points": random.normal(size=(1, 64)).astype(np.float32),
        "at": np.zeros(64, np.float32),
        "shape": np.array([-1, 4, 8, 2]),
    }
    return model(nodes, {"x": ["n", 1, 4, 8]}, {"y": ["n", 1, 2, 6]}, weights)


def with_initial_state():
    """A GRU whose first state is a product of constants, one row for each line."""
    graph = gru(direction="forward", extra=("", "h"))
    weights = model(
        [
            helper.make_node("Shape", ["x"], ["size"], "size", start=1, end=2),
            helper.make_node("Concat", ["size", "wide"], ["both"], "both", axis=0),
            helper.make_node("Expand", ["start", "both"], ["rows"], "rows"),
            helper.make_node("Gemm", ["rows", "to"], ["states"], "first state"),
            helper.make_node("Unsqueeze", ["states", "axis"], ["h"], "as h"),
        ],
        {},
        {},
        {
            "wide": np.array([4]),
            "start": np.ones((1, 4), np.float32),
            "to": np.ones((4, 5), np.float32),
            "axis": np.array([0]),
        },
    ).graph
    recurrent = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend([*weights.node, *recurrent])
    graph.graph.initializer.extend(weights.initializer)
    inputs = [value for value in graph.graph.input if value.name != "h"]
    del graph.graph.input[:]
    graph.graph.input.extend(inputs)
    return graph


@pytest.mark.parametrize(
    ("numbers", "in_fp32"),
    [
        ({"bias": 1e-9}, False),
        ({"bias": 1e9}, True),
        ({"weight": 1e-9}, True),
    ],
)
def test_a_bias_may_vanish_and_a_weight_may_not(numbers, in_fp32):
    assert ("conv0" in kept(convolutions(**numbers))) == in_fp32


def test_a_layer_in_fp32_takes_its_reader_along():
    assert kept(convolutions(), "conv0") == ["relu0", "conv0"]


def test_what_only_moves_data_does_not_part_a_layer_from_its_cast():
    graph = convolutions()
    relu = next(node for node in graph.graph.node if node.name == "relu0")
    relu.op_type = "Identity"
    assert set(kept(graph, "conv0")) == {"conv0", "turn", "conv1"}, "two layers in FP32 are enough"


def test_positions_in_the_image_stay_in_fp32_and_features_do_not():
    found = lower(spatial_transformer(), LoweringOptions(precision="fp16"))
    assert set(found.kept_fp32) == {"flat", "points", "grid", "sample"}
    assert found.expected == {"features": "fp16", "points": "fp32", "conv": "fp16"}


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_of_products_of_constants_nothing_is_expected(precision):
    found = lower(with_initial_state(), LoweringOptions(precision=precision))
    assert "first state" in [node.name for node in found.model.graph.node]
    assert found.expected == {"engine::projection::layer": precision, "layer": precision}


def test_a_result_without_a_shape_is_taken():
    graph = convolutions()
    graph.graph.output[0].type.tensor_type.ClearField("shape")
    assert lower(graph, LoweringOptions(precision="fp16")).expected == {"conv0": "fp16", "conv1": "fp16"}
