"""Logits from a graph that ends in probabilities or their logarithms."""

from __future__ import annotations

import onnx

from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of
from crnn_deploy.onnx_graph.wiring import producers_of
from crnn_deploy.spec import ModelSpec

_CLOSING = ("Softmax", "LogSoftmax")


def as_logits(model: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """`model` without a Softmax or LogSoftmax over the classes at its end, before a Transpose too.

    Distillation and INT8 need logits; besides, a Softmax over PaddleOCR's 18,710 classes takes time.
    """
    graph = model.graph
    producers = producers_of(graph)
    last, axis = producers.get(graph.output[0].name), 2 if spec.task == "ctc" else 1
    while last is not None and last.op_type == "Transpose" and spec.task == "ctc":
        axis = list(attributes_of(last).get("perm", (2, 1, 0)))[axis]
        last = producers.get(last.input[0])
    if last is None or last.op_type not in _CLOSING or _users(graph, last.output[0]) != 1:
        return model
    # Before opset 13, Softmax by default works over all axes from the second one on together.
    axes = spec.output_axes
    if attributes_of(last).get("axis", -1 if opset_of(model) >= 13 else 1) not in (axis, axis - axes):
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.node.remove(last)
    for node in changed.graph.node:
        for names in (node.input, node.output):
            names[:] = [last.output[0] if name == last.input[0] else name for name in names]
    return changed


def _users(graph: onnx.GraphProto, name: str) -> int:
    """How many nodes and outputs take a tensor."""
    inside = [given for node in graph.node for given in node.input]
    return [*inside, *(output.name for output in graph.output)].count(name)
