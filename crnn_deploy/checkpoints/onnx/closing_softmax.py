"""Logits from a graph that ends in probabilities or their logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    closing = _closing(last, model) if last is not None else None
    if last is None or closing is None or _users(graph, last.output[0]) != 1:
        return model
    if closing.axis not in (axis, axis - spec.output_axes):
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for node in closing.nodes:
        changed.graph.node.remove(node)
    for node in changed.graph.node:
        for names in (node.input, node.output):
            names[:] = [last.output[0] if name == closing.source else name for name in names]
    return changed


@dataclass(frozen=True)
class _Closing:
    """The nodes of a Softmax, the tensor before them, and the axis that it works over."""

    nodes: Sequence[onnx.NodeProto]
    source: str
    axis: object


def _closing(last: onnx.NodeProto, model: onnx.ModelProto) -> _Closing | None:
    """The Softmax that ends in the node `last`."""
    if last.op_type == "Reshape":
        return _flattened(last, model.graph)
    if last.op_type not in _CLOSING:
        return None
    # Before opset 13, Softmax by default works over all axes from the second one on together.
    axis = attributes_of(last).get("axis", -1 if opset_of(model) >= 13 else 1)
    return _Closing([last], last.input[0], axis)


def _flattened(last: onnx.NodeProto, graph: onnx.GraphProto) -> _Closing | None:
    """What ONNX's converter makes of a Softmax over all axes from one on: Flatten, Softmax, and a Reshape at the end.

    None where `last` is another Reshape.
    """
    producers = producers_of(graph)
    softmax, sizes = (producers.get(name) for name in (*last.input, "", "")[:2])
    flatten = producers.get(softmax.input[0]) if softmax is not None and softmax.op_type in _CLOSING else None
    if softmax is None or flatten is None or sizes is None or (flatten.op_type, sizes.op_type) != ("Flatten", "Shape"):
        return None
    inner = (softmax, flatten, sizes)
    if sizes.input[0] != flatten.input[0] or any(_users(graph, node.output[0]) != 1 for node in inner):
        return None
    if attributes_of(softmax).get("axis", -1) not in (-1, 1):
        return None
    return _Closing([last, *inner], flatten.input[0], attributes_of(flatten).get("axis", 1))


def _users(graph: onnx.GraphProto, name: str) -> int:
    """How many nodes and outputs take a tensor."""
    inside = [given for node in graph.node for given in node.input]
    return [*inside, *(output.name for output in graph.output)].count(name)
