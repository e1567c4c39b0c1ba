"""Maximum pooling behind a convolution that stays in FP32."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.rewrite.pooling import pool_before_relu

IMAGE = np.random.default_rng(3).standard_normal((2, 1, 8, 12)).astype(np.float32)


def network(*extra: onnx.NodeProto, activation: str = "Relu", outputs: tuple[str, ...] = ("y",)) -> onnx.ModelProto:
    """conv → activation → pool → conv."""
    random = np.random.default_rng(0)
    weights = {"w1": (4, 1, 3, 3), "w2": (2, 4, 3, 3)}
    nodes = [
        helper.make_node("Conv", ["images", "w1"], ["c1"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node(activation, ["c1"], ["r1"], "activation"),
        helper.make_node("MaxPool", ["r1"], ["p1"], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["p1", "w2"], ["y"], "conv2"),
        *extra,
    ]
    initializers = [
        numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name)
        for name, shape in weights.items()
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, IMAGE.shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def results(model: onnx.ModelProto) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"images": IMAGE})[0]


def test_the_exchanged_nodes_compute_the_same() -> None:
    model = network()
    before = results(model)
    pool_before_relu(model.graph, frozenset({"conv2"}))
    assert kinds(model) == ["Conv", "MaxPool", "Relu", "Conv"]
    assert [node.name for node in model.graph.node] == ["conv1", "pool", "activation", "conv2"]
    np.testing.assert_array_equal(results(model), before)


@pytest.mark.parametrize(
    ("model", "plan"),
    [
        (network(), {"conv1", "conv2"}),  # in INT8, ONNX Runtime takes the ReLU into the rounding
        (network(activation="HardSwish"), {"conv2"}),  # does not keep the order of numbers
        (network(helper.make_node("Neg", ["r1"], ["n"], "other"), outputs=("y", "n")), {"conv2"}),
        (network(helper.make_node("Neg", ["c1"], ["n"], "other"), outputs=("y", "n")), {"conv2"}),
        (network(outputs=("y", "r1")), {"conv2"}),
    ],
    ids=["int8", "not monotonous", "another reader of the relu", "another reader of the convolution", "an output"],
)
def test_other_nodes_stay_in_their_order(model: onnx.ModelProto, plan: set[str]) -> None:
    before = kinds(model)
    pool_before_relu(model.graph, frozenset(plan))
    assert kinds(model) == before
