"""Two layers of both directions become one node with all outputs that one of them has."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.checkpoints.onnx.recurrence.nodes import directions
from crnn_deploy.onnx_graph.structure import sort_nodes

D, H, STEPS, IMAGES = 4, 3, 5, 2
GATES = {"GRU": 3, "LSTM": 4}
SHAPES = {"y": [STEPS, 1, IMAGES, H], "h": [1, IMAGES, H], "c": [1, IMAGES, H]}


def pair(operator: str, outputs: tuple[list[str], list[str]], opset: int) -> onnx.ModelProto:
    """Two layers with these outputs, e.g. `["", "h"]`; each output is one of the model's."""
    random = np.random.default_rng(0)
    nodes, weights, given = [], [], []
    for direction, wanted in zip(("forward", "reverse"), outputs, strict=True):
        rows = GATES[operator] * H
        for name, shape in {"W": (1, rows, D), "R": (1, rows, H), "B": (1, 2 * rows)}.items():
            weights.append(numpy_helper.from_array(random.normal(size=shape).astype(np.float32), direction + name))
        names = [name and f"{direction} {name}" for name in wanted]
        inputs = ["x", *(direction + name for name in "WRB")]
        nodes.append(helper.make_node(operator, inputs, names, direction, hidden_size=H, direction=direction))
        made = [(name, SHAPES[name.split()[1]]) for name in names if name]
        given += [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in made]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [STEPS, IMAGES, D])
    graph = helper.make_graph(nodes, "pair", [x], given, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def run(model: onnx.ModelProto) -> list[np.ndarray]:
    x = np.random.default_rng(1).normal(size=(STEPS, IMAGES, D)).astype(np.float32)
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})


@pytest.mark.parametrize("opset", [14, 18])
@pytest.mark.parametrize(
    ("operator", "outputs"),
    [
        ("GRU", (["y"], ["", "h"])),
        ("GRU", (["", "h"], ["y"])),
        ("LSTM", (["y", "", "c"], ["y", "h"])),
        ("LSTM", (["", "", "c"], ["", "h"])),
    ],
)
def test_outputs_that_one_direction_has_stay(operator: str, outputs: tuple[list[str], list[str]], opset: int) -> None:
    model = pair(operator, outputs, opset)
    expected = run(model)
    ((_, change),) = directions.changes(model.graph)
    change(model.graph)
    sort_nodes(model.graph)
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node].count(operator) == 1
    for one, other in zip(expected, run(model), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
