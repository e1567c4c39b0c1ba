from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.rewrite.plan import find_layers, first_plan, linked, tensors_to_calibrate


def graph(*nodes, outputs=("x",), **weights):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    tensors = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in weights.items()]
    return helper.make_graph(list(nodes), "test", [value], results, tensors)


def mixed():
    return graph(
        helper.make_node("Conv", ["x", "dense"], ["a"], "dense conv"),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("HardSwish", ["b"], ["c"], "hard-swish"),
        helper.make_node("Conv", ["c", "grouped"], ["d"], "grouped conv", group=2),
        helper.make_node("MatMul", ["d", "d"], ["e"], "attention"),
        helper.make_node("GRU", ["e", "w", "r"], ["f"], "gru", hidden_size=4, linear_before_reset=1),
        helper.make_node("MatMul", ["f", "square"], ["g"], "linear"),
        dense=(8, 8, 3, 3),
        grouped=(8, 4, 1, 1),
        w=(1, 12, 8),
        r=(1, 12, 4),
        square=(8, 8),
    )


def test_layers_are_the_nodes_with_weights():
    found = find_layers(mixed(), "cpu")
    assert [(layer.name, layer.recurrent) for layer in found] == [
        ("dense conv", False), ("grouped conv", False), ("gru", True), ("linear", False)
    ]  # fmt: skip
    assert first_plan(found) == {layer.name for layer in found}


def test_recurrent_layers_stay_as_they_are_for_tensorrt():
    assert [layer.name for layer in find_layers(mixed(), "tensorrt")] == ["dense conv", "grouped conv", "linear"]


@pytest.mark.parametrize("target", ["cpu", "tensorrt"])
def test_a_product_of_constants_is_no_layer(target):
    initial = graph(
        helper.make_node("Shape", ["x"], ["size"], "size"),
        helper.make_node("Expand", ["start", "size"], ["rows"], "rows"),
        helper.make_node("MatMul", ["rows", "square"], ["first"], "first state"),
        helper.make_node("MatMul", ["x", "square"], ["z"], "linear"),
        start=(1, 8),
        square=(8, 8),
    )
    assert [layer.name for layer in find_layers(initial, target)] == ["linear"]


def test_what_computes_positions_in_the_image_is_no_layer():
    straightening = graph(
        helper.make_node("Conv", ["x", "dense"], ["a"], "features"),
        helper.make_node("MatMul", ["a", "square"], ["b"], "points"),
        helper.make_node("GridSample", ["x", "b"], ["y"], "sample"),
        helper.make_node("Conv", ["y", "dense"], ["z"], "conv"),
        dense=(8, 8, 3, 3),
        square=(8, 8),
    )
    assert [layer.name for layer in find_layers(straightening, "cpu")] == ["features", "conv"]


@pytest.mark.parametrize(
    ("activation", "target", "runs_in_int8"),
    [("Relu", "cpu", True), ("HardSwish", "cpu", False), ("HardSwish", "tensorrt", True)],
)
def test_on_cpus_depthwise_convolutions_start_in_int8_only_between_others_that_do(activation, target, runs_in_int8):
    depthwise = graph(
        helper.make_node("Conv", ["x", "depthwise"], ["a"], "depthwise", group=8),
        helper.make_node(activation, ["a"], ["b"], "activation"),
        helper.make_node("Conv", ["b", "pointwise"], ["c"], "pointwise"),
        depthwise=(8, 1, 3, 3),
        pointwise=(8, 8, 1, 1),
    )
    plan = first_plan(find_layers(depthwise, target))
    assert "pointwise" in plan
    assert ("depthwise" in plan) == runs_in_int8


@pytest.mark.parametrize(
    ("classes", "between", "target", "runs_in_int8"),
    [
        (10, ["Squeeze"], "cpu", False),
        (10, ["Reshape", "ReduceMean"], "cpu", False),
        (5000, ["Squeeze"], "cpu", True),
        (10, ["Reshape"], "cpu", True),  # may have a row for each step
        (10, ["Exp"], "cpu", True),
        (10, ["Squeeze"], "portable", True),
    ],
)
def test_on_cpus_a_small_head_behind_a_recurrent_layer_starts_in_fp32(classes, between, target, runs_in_int8):
    classifier = graph(
        helper.make_node("LSTM", ["x", "w", "r"], ["", "0"], "lstm", hidden_size=4),
        *(helper.make_node(op, [str(index)], [str(index + 1)], op) for index, op in enumerate(between)),
        helper.make_node("Gemm", [str(len(between)), "head"], ["y"], "head"),
        w=(1, 16, 8),
        r=(1, 16, 4),
        head=(4, classes),
    )
    assert ("head" in first_plan(find_layers(classifier, target))) == runs_in_int8


def test_nothing_without_weights():
    assert find_layers(graph(helper.make_node("Relu", ["x"], ["y"], "relu")), "cpu") == ()


def test_weights_that_are_not_fp32_make_no_layer():
    integers = graph(helper.make_node("MatMul", ["x", "w"], ["y"], "product"), w=(4, 4))
    integers.initializer[0].CopyFrom(numpy_helper.from_array(np.ones((4, 4), np.int64), "w"))
    assert find_layers(integers, "cpu") == ()


def test_only_activations_that_become_int8_are_calibrated():
    nodes = [
        helper.make_node("Conv", ["x", "w", "bias"], ["a"], "conv"),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Softmax", ["b"], ["c"], "softmax"),
        helper.make_node("MatMul", ["c", "m"], ["d"], "linear"),
    ]
    weights = {"w": (4, 1, 3, 3), "bias": (4,), "m": (4, 4)}
    found = graph(*nodes, **weights)
    assert tensors_to_calibrate(found, find_layers(found, "cpu")) == ["x", "b", "c"]
    read_before_relu = graph(*nodes, helper.make_node("Exp", ["a"], ["e"], "exp"), **weights)
    assert "a" in tensors_to_calibrate(read_before_relu, find_layers(read_before_relu, "cpu"))


def test_groups_pass_int8_on_to_each_other():
    found = graph(
        helper.make_node("Conv", ["x", "w1"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Conv", ["b", "w2"], ["c"], "second"),
        helper.make_node("Add", ["b", "c"], ["d"], "residual"),
        helper.make_node("Conv", ["d", "w3"], ["e"], "third"),
        helper.make_node("HardSwish", ["e"], ["f"], "hard-swish"),
        helper.make_node("Conv", ["f", "w4"], ["g"], "fourth"),
        helper.make_node("MatMul", ["g", "m1"], ["h"], "fifth"),
        helper.make_node("MatMul", ["h", "m2"], ["i"], "sixth"),
        **{f"w{i}": (4, 4, 1, 1) for i in range(1, 5)},
        m1=(4, 4),
        m2=(4, 4),
    )
    groups = linked(found, find_layers(found, "cpu"))
    assert groups == [{"first", "second", "third"}, {"fourth", "fifth"}, {"sixth"}]
