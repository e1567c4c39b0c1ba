"""Small edits of a graph in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from crnn_deploy.quantization.graph.wiring import names_read, nested

Constants = Mapping[str, NDArray[Any]]


def attributes_of(node: onnx.NodeProto) -> dict[str, Any]:
    """The values of a node's attributes, by name; strings as bytes."""
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def constants_of(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """The graph's constants by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def producers_of(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """The node that computes each tensor."""
    return {output: node for node in graph.node for output in node.output if output}


def captured(node: onnx.NodeProto) -> set[str]:
    """What the branches or body of a node read from outside, and some names of their own."""
    bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    bodies += [body for attribute in node.attribute for body in attribute.graphs]
    own = {output for body in bodies for part in nested(body) for inner in part.node for output in inner.output}
    return {name for body in bodies for name in names_read(body)} - own


def add_constant(graph: onnx.GraphProto, name: str, values: NDArray[Any]) -> str:
    """Add a constant, unless one of that name is there; the name."""
    if all(tensor.name != name for tensor in graph.initializer):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


def replace_nodes(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> None:
    """Give the graph other nodes, some of which it may hold already."""
    copies = list(nodes)
    del graph.node[:]
    graph.node.extend(copies)


def read_instead(graph: onnx.GraphProto, replaced: Mapping[str, str]) -> None:
    """Let all nodes, those in branches too, read other tensors. Results of the graph keep their names."""
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


def drop_unread(graph: onnx.GraphProto) -> None:
    """Remove the nodes and constants that nothing needs."""
    count = -1
    while count != len(graph.node):
        count = len(graph.node)
        read = names_read(graph)
        replace_nodes(graph, [node for node in graph.node if not read.isdisjoint(node.output)])
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)
