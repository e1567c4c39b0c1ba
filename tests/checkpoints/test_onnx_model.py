"""What is taken off a third-party ONNX graph."""

from __future__ import annotations

import pytest
from onnx import ModelProto, TensorProto, helper

from crnn_deploy.checkpoints.onnx_model import as_logits
from crnn_deploy.spec import ModelSpec, Preprocessing, Task


def ending_in_softmax(opset: int, **attributes: int) -> ModelProto:
    nodes = [helper.make_node("Relu", ["x"], ["logits"]), helper.make_node("Softmax", ["logits"], ["y"], **attributes)]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph(nodes, "g", tensors[:1], tensors[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


@pytest.mark.parametrize(
    ("task", "opset", "attributes", "taken"),
    [
        ("ctc", 11, {"axis": 2}, True),
        ("ctc", 17, {"axis": -1}, True),
        ("ctc", 17, {}, True),
        ("ctc", 17, {"axis": 1}, False),  # over time
        ("ctc", 11, {}, False),  # over time and classes together
        ("classify", 11, {}, True),
        ("classify", 17, {"axis": 1}, True),
    ],
)
def test_a_softmax_is_taken_off_where_it_is_over_the_classes(
    task: Task, opset: int, attributes: dict[str, int], taken: bool
) -> None:
    outputs = {"charset": "ab"} if task == "ctc" else {"class_names": ("a", "b")}
    spec = ModelSpec(name="m", task=task, preprocessing=Preprocessing(height=32), **outputs)
    model = as_logits(ending_in_softmax(opset, **attributes), spec)
    assert [node.op_type for node in model.graph.node] == (["Relu"] if taken else ["Relu", "Softmax"])
    assert model.graph.node[-1].output[0] == model.graph.output[0].name
