"""The state after the last step of a recurrent layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.quantization.rewrite.last_state import read_last_states

X = np.random.default_rng(3).standard_normal((5, 2, 6)).astype(np.float32)


def network(
    op: str = "LSTM",
    index: Any = -1,
    axis: int = 0,
    outputs: tuple[str, ...] = ("z",),
    lengths: bool = False,
    **layer: Any,
) -> onnx.ModelProto:
    """X `[T, N, C]` → recurrent layer → squeeze → gather → double."""
    random = np.random.default_rng(0)
    gates = 4 if op == "LSTM" else 3
    weights = {
        "w": random.standard_normal((1, gates * 4, 6)).astype(np.float32),
        "r": random.standard_normal((1, gates * 4, 4)).astype(np.float32),
        "axes": np.array([1], np.int64),
        "index": np.array(index, np.int64),
        "lengths": np.array([5, 3], np.int32),
    }
    inputs = ["x", "w", "r", *(["", "lengths"] if lengths else [])]
    nodes = [
        helper.make_node(op, inputs, ["y"], "layer", hidden_size=4, **layer),
        helper.make_node("Squeeze", ["y", "axes"], ["s"], "squeeze"),
        helper.make_node("Gather", ["s", "index"], ["last"], "gather", axis=axis),
        helper.make_node("Add", ["last", "last"], ["z"], "double"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", 2, 6])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def result(model: onnx.ModelProto) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["z"], {"x": X})[0]


@pytest.mark.parametrize(
    "model",
    [network(), network("GRU", linear_before_reset=1), network(index=0, direction="reverse")],
    ids=["LSTM", "GRU", "reverse"],
)
def test_the_layer_gives_its_last_state(model: onnx.ModelProto) -> None:
    before = result(model)
    read_last_states(model.graph)
    assert [node.op_type for node in model.graph.node[1:]] == ["Squeeze", "Add"]
    assert model.graph.node[0].output[0] == ""
    np.testing.assert_array_equal(result(model), before)


@pytest.mark.parametrize(
    "model",
    [
        network(index=-2),
        network(index=[-1]),
        network(index=1, axis=1),
        network(index=0),
        network(direction="reverse"),
        network(outputs=("z", "y")),
        network(outputs=("z", "s")),
        network(lengths=True),
    ],
    ids=["one before", "a row of one", "a sample", "first", "first of reverse", "y is read", "s is read", "lengths"],
)
def test_other_steps_are_read_as_before(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    read_last_states(model.graph)
    assert model.SerializeToString() == before
