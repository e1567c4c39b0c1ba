from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.plan import int8_nodes, name_nodes, tensors_to_calibrate


def graph(*nodes, **weights):
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in weights.items()]
    return helper.make_graph(list(nodes), "test", [value], [value], tensors)


def test_weights_and_what_rides_along_run_in_int8():
    found = int8_nodes(
        graph(
            helper.make_node("Conv", ["x", "dense"], ["a"], "dense conv"),
            helper.make_node("Relu", ["a"], ["b"], "relu"),
            helper.make_node("HardSwish", ["b"], ["c"], "hard-swish"),
            helper.make_node("Conv", ["c", "grouped"], ["d"], "grouped conv", group=2),
            helper.make_node("MatMul", ["d", "d"], ["e"], "attention"),
            helper.make_node("MatMul", ["e", "square"], ["f"], "linear"),
            dense=(8, 8, 3, 3),
            grouped=(8, 4, 1, 1),
            square=(8, 8),
        )
    )
    assert found == ["dense conv", "relu", "grouped conv", "linear"]


@pytest.mark.parametrize(("activation", "runs_in_int8"), [("Relu", True), ("HardSwish", False)])
def test_depthwise_convolutions_run_in_int8_only_between_others_that_do(activation, runs_in_int8):
    found = int8_nodes(
        graph(
            helper.make_node("Conv", ["x", "depthwise"], ["a"], "depthwise", group=8),
            helper.make_node(activation, ["a"], ["b"], "activation"),
            helper.make_node("Conv", ["b", "pointwise"], ["c"], "pointwise"),
            depthwise=(8, 1, 3, 3),
            pointwise=(8, 8, 1, 1),
        )
    )
    assert "pointwise" in found
    assert ("depthwise" in found) == runs_in_int8


def test_nothing_to_quantize_without_weights():
    assert int8_nodes(graph(helper.make_node("Relu", ["x"], ["y"], "relu"))) == []


def test_only_activations_of_chosen_nodes_are_calibrated():
    conv = helper.make_node("Conv", ["x", "w", "bias"], ["a"], "conv")
    relu = helper.make_node("Relu", ["a"], ["b"], "relu")
    other = helper.make_node("Softmax", ["b"], ["c"], "softmax")
    found = tensors_to_calibrate(graph(conv, relu, other, w=(4, 1, 3, 3), bias=(4,)), ["conv", "relu"])
    assert found == ["x", "a", "b"]


def test_nodes_without_or_with_the_same_name_get_their_own():
    unnamed = graph(*(helper.make_node("Relu", ["x"], ["y"], name) for name in ("", "", "same", "same")))
    name_nodes(unnamed)
    names = [node.name for node in unnamed.node]
    assert len(set(names)) == 4
    assert names[2] == "same"
