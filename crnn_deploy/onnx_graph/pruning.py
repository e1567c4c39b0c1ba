"""Removal of what nothing reads. What branches and loop bodies read is read; they themselves stay as they are."""

from __future__ import annotations

import onnx
from onnx import defs

from crnn_deploy.onnx_graph.wiring import names_read, names_read_by


def prune(graph: onnx.GraphProto) -> None:
    """Remove, in place, what no output depends on: nodes, trailing outputs that their operator lets go, constants.

    Nodes must come in the order that ONNX demands: behind those that they read from.
    """
    needed = {value.name for value in graph.output}
    for index in reversed(range(len(graph.node))):
        node = graph.node[index]
        if needed.isdisjoint(node.output):
            del graph.node[index]
            continue
        while node.output[-1] not in needed and _last_is_optional(node):
            node.output.pop()
        needed |= names_read_by(node)
    prune_constants(graph)


def prune_constants(graph: onnx.GraphProto) -> None:
    """Remove the constants that nothing needs, in place."""
    read = names_read(graph)
    for index in reversed(range(len(graph.initializer))):
        if graph.initializer[index].name not in read:
            del graph.initializer[index]


def _last_is_optional(node: onnx.NodeProto) -> bool:
    """Whether a node may do without its last output; no, where ONNX does not define the operator."""
    try:
        outputs = defs.get_schema(node.op_type, node.domain).outputs
    except defs.SchemaError:
        return False
    return bool(outputs[min(len(node.output), len(outputs)) - 1].option == defs.OpSchema.FormalParameterOption.Optional)
