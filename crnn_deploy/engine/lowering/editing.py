"""Small edits of a graph in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from crnn_deploy.onnx_graph.wiring import nested


def add_constant(graph: onnx.GraphProto, name: str, values: NDArray[Any]) -> str:
    """Add a constant, unless there is one of that name; returns the name."""
    if all(tensor.name != name for tensor in graph.initializer):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


def replace_nodes(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> None:
    """Replace the nodes of the graph; some of the new ones may be in it already."""
    copies = list(nodes)
    del graph.node[:]
    graph.node.extend(copies)


def read_instead(graph: onnx.GraphProto, replaced: Mapping[str, str]) -> None:
    """Let all nodes, also those in branches, read other tensors. Outputs of the graph keep their names."""
    for part in nested(graph):
        for node in part.node:
            node.input[:] = [replaced.get(name, name) for name in node.input]


def constants_as_initializers(graph: onnx.GraphProto) -> None:
    """Turn `Constant` nodes into initializers."""
    kept = []
    for node in graph.node:
        values = next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)
        if node.op_type == "Constant" and values is not None:
            tensor = graph.initializer.add()
            tensor.CopyFrom(values)
            tensor.name = node.output[0]
        else:
            kept.append(node)
    replace_nodes(graph, kept)
