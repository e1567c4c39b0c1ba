"""Q/DQ nodes stay out of the way of what the graph holds already."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.scheme import SCHEMES

IMAGE = np.random.default_rng(0).standard_normal((1, 1, 6, 8)).astype(np.float32)
RANGES = {"images": (-4.0, 4.0), "features": (-8.0, 8.0)}


def value(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list("abcd"))


def graph_of(nodes, outputs=("result",), **tensors):
    weight = np.random.default_rng(1).standard_normal((2, 1, 3, 3)).astype(np.float32)
    tensors = {"weight": weight, "bias": np.ones(2, np.float32), **tensors}
    conv = helper.make_node("Conv", ["images", "weight", "bias"], ["features"], "conv1")
    constants = [numpy_helper.from_array(np.asarray(array), name) for name, array in tensors.items()]
    graph = helper.make_graph([conv, *nodes], "g", [value("images")], [value(name) for name in outputs], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def run(model):
    return ort.InferenceSession(model.SerializeToString()).run(None, {"images": IMAGE})


def int8(model, target="cpu"):
    made = insert_qdq(model, {"conv1"}, RANGES, SCHEMES[target])
    onnx.checker.check_model(made, full_check=True)
    return made


def check(model, target="cpu"):
    made = int8(model, target)
    assert any(node.op_type == "QuantizeLinear" for node in made.graph.node)
    for expected, found in zip(run(model), run(made), strict=True):
        assert found == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("target", ["cpu", "tensorrt"])
@pytest.mark.parametrize(
    "name",
    [
        *("conv1_w", "conv1_ws", "conv1_wf", "conv1_b", "conv1_bs", "conv1_bf"),
        *("images_scale", "images_q", "images_dq", "features_float", "features_scale", "zero_point_128"),
    ],
)
def test_constants_may_have_any_name(name, target):
    check(graph_of([helper.make_node("Mul", ["features", name], ["result"])], **{name: np.float32(1.5)}), target)


def test_tensors_may_have_any_name():
    names = ("images_dq", "features_q", "features_float", "conv1_wf")
    chain = zip(("features", *names), (*names, "result"), strict=True)
    check(graph_of([helper.make_node("Abs", [source], [result]) for source, result in chain]))


def test_a_name_that_ends_like_ours_keeps_its_range():
    model = graph_of(
        [helper.make_node("Conv", ["features_float", "kernel"], ["result"], "conv2")], kernel=np.ones((1, 2, 1, 1), "f")
    )
    model.graph.node[0].output[0] = "features_float"
    ranges = {"images": (-4.0, 4.0), "features_float": (-8.0, 8.0), "result": (-16.0, 16.0)}
    made = insert_qdq(model, {"conv1", "conv2"}, ranges, SCHEMES["cpu"])
    onnx.checker.check_model(made, full_check=True)
    assert run(made)[0] == pytest.approx(run(model)[0], abs=1)


def test_what_a_branch_reads_stays():
    body = helper.make_graph(
        [
            helper.make_node("Mul", ["features", "factor"], ["f"]),
            helper.make_node("ReduceMax", ["images"], ["m"], keepdims=0),
            helper.make_node("Add", ["f", "m"], ["o"]),
        ],
        "branch",
        [],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, None)],
    )
    conditional = helper.make_node("If", ["condition"], ["result"], then_branch=body, else_branch=body)
    check(graph_of([conditional], factor=np.float32(2), condition=np.array(True)))


def test_constants_that_a_branch_reads_stay():
    body = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["weight"], ["m"], keepdims=0),
            helper.make_node("Add", ["features", "m"], ["o"]),
        ],
        "branch",
        [],
        [helper.make_tensor_value_info("o", TensorProto.FLOAT, None)],
    )
    conditional = helper.make_node("If", ["condition"], ["result"], then_branch=body, else_branch=body)
    check(graph_of([conditional], condition=np.array(True)))


def test_constants_that_are_results_stay():
    check(graph_of([helper.make_node("Abs", ["features"], ["result"])], outputs=("result", "weight")))


def test_constants_that_nothing_needs_go():
    made = int8(graph_of([helper.make_node("Abs", ["features"], ["result"])]))
    assert {"weight", "bias"}.isdisjoint(tensor.name for tensor in made.graph.initializer)
