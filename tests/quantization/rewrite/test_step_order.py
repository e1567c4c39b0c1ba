"""The order of the numbers in a step of a recurrent layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.quantization.rewrite.step_order import put_channels_last

IMAGE = np.random.default_rng(3).standard_normal((2, 1, 8, 12)).astype(np.float32)
ROWS, COLUMNS = [0, 2, 1, 3], [0, 3, 1, 2]


def network(
    perm: list[int] = ROWS,
    sizes: tuple[int, ...] = (0, 0, -1),
    swap: tuple[int, ...] = (1, 0, 2),
    before: str = "Conv",
    outputs: tuple[str, ...] = ("y",),
    shared: bool = False,
) -> onnx.ModelProto:
    """conv → relu → pool, `[N, 4, 4, 6]` → steps that are rows or columns → GRU."""
    random = np.random.default_rng(0)
    features = 4 * (6 if perm == ROWS else 4)
    weights: dict[str, Any] = {
        "kernel": random.standard_normal((4, 1, 3, 3)).astype(np.float32),
        "sizes": np.array(sizes, np.int64),
        "w": random.standard_normal((1, 15, features)).astype(np.float32),
        "r": random.standard_normal((1, 15, 5)).astype(np.float32),
    }
    first = helper.make_node("Conv", ["images", "kernel"], ["c"], "conv", pads=[1, 1, 1, 1])
    if before != "Conv":
        first = helper.make_node(before, ["images"] * 4, ["c"], "concat", axis=1)
    gru: dict[str, Any] = {"hidden_size": 5, "linear_before_reset": 1}
    nodes = [
        first,
        helper.make_node("Relu", ["c"], ["a"], "relu"),
        helper.make_node("MaxPool", ["a"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Transpose", ["p"], ["t"], "split", perm=perm),
        helper.make_node("Reshape", ["t", "sizes"], ["m"], "merge"),
        helper.make_node("Transpose", ["m"], ["x"], "swap", perm=swap),
        helper.make_node("GRU", ["x", "w", "r"], ["y"], "gru", **gru),
        *([helper.make_node("GRU", ["x", "w", "r"], ["z"], "other", **gru)] if shared else []),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, IMAGE.shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def result(model: onnx.ModelProto) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {"images": IMAGE})[0]


def in_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    return insert_qdq(model, {"conv"}, {"images": (-3.0, 3.0), "a": (0.0, 9.0)}, SCHEMES["cpu"])


@pytest.mark.parametrize("perm", [ROWS, COLUMNS], ids=["rows", "columns"])
@pytest.mark.parametrize("change", [lambda model: model, in_int8], ids=["fp32", "int8"])
def test_one_transpose_is_left_and_the_result_is_the_same(perm: list[int], change: Any) -> None:
    model = change(network(perm))
    before = result(model)
    put_channels_last(model.graph)
    assert [node.name for node in model.graph.node if node.op_type in ("Transpose", "Reshape")] == ["split", "merge"]
    np.testing.assert_allclose(result(model), before, atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        network(sizes=(2, 4, 24)),
        network(swap=(0, 1, 2)),
        network(before="Concat"),
        network(outputs=("y", "m")),
        network(shared=True),
    ],
    ids=["other sizes", "not swapped", "no convolution", "read by another", "shared weights"],
)
def test_other_steps_stay_as_they_are(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    put_channels_last(model.graph)
    assert model.SerializeToString() == before
