"""Remove nodes and constants that nothing reads. Branches and loop bodies count as readers, and are not changed."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import defs

from crnn_deploy.onnx_graph.wiring import names_read, names_read_by


def with_outputs(model: onnx.ModelProto, outputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
    """A copy that gives these tensors, with no more nodes and constants than they need."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.output[:]
    cut.graph.output.extend(outputs)
    prune(cut.graph)
    return cut


def prune(graph: onnx.GraphProto) -> None:
    """Remove, in place, what no output depends on: nodes, optional trailing outputs of nodes, and constants.

    Nodes must be in the order that ONNX demands: after those that they read from.
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
    """Remove the constants that nothing reads, in place."""
    read = names_read(graph)
    for index in reversed(range(len(graph.initializer))):
        if graph.initializer[index].name not in read:
            del graph.initializer[index]


def _last_is_optional(node: onnx.NodeProto) -> bool:
    """Whether the last output of a node is optional; False where ONNX does not define the operator."""
    try:
        outputs = defs.get_schema(node.op_type, node.domain).outputs
    except defs.SchemaError:
        return False
    return bool(outputs[min(len(node.output), len(outputs)) - 1].option == defs.OpSchema.FormalParameterOption.Optional)
