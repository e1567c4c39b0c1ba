"""Constants, producers and consumers in a graph; what branches and loop bodies read from outside counts as read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Constants = Mapping[str, NDArray[Any]]
_SHAPE_OPS = ("Shape", "Size")


def nested(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph, and all branches and loop bodies in it."""
    yield graph
    for node in graph.node:
        for inner in bodies(node):
            yield from nested(inner)


def constants_of(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """The graph's constants by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def constant_tensors(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """The graph's initializers and the values of its Constant nodes, by name."""
    found = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            found[node.output[0]] = node.attribute[0].t
    return found


def all_constants(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    """The graph's constants by name, those of Constant nodes too."""
    return {name: numpy_helper.to_array(tensor) for name, tensor in constant_tensors(graph).items()}


def producers_of(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """The node that computes each tensor."""
    return {output: node for node in graph.node for output in node.output if output}


def feed_from(graph: onnx.GraphProto, name: str, other: str) -> None:
    """Let the nodes of the top level that take the tensor `name` take `other` instead."""
    for node in graph.node:
        node.input[:] = [other if given == name else given for given in node.input]


def names_read(graph: onnx.GraphProto) -> set[str]:
    """The names of all tensors that are read: by a node at any depth, or as an output of the graph."""
    return {value.name for value in graph.output}.union(*map(names_read_by, graph.node))


def names_read_by(node: onnx.NodeProto) -> set[str]:
    """The names of all tensors that a node, its branches or its body read, including tensors inside of them."""
    return {name for name in node.input if name}.union(*map(names_read, bodies(node)))


def depending_on_values(graph: onnx.GraphProto) -> set[str]:
    """The tensors that depend on the values of the graph's inputs, not only on their shapes; nodes stand in order.

    All others are the same for all images of a size, as initial states for a batch are.
    """
    reached = {value.name for value in graph.input} - {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type not in _SHAPE_OPS and not reached.isdisjoint({*node.input, *captured(node)}):
            reached.update(node.output)
    return reached - {""}


def captured(node: onnx.NodeProto) -> set[str]:
    """Names that the branches or body of a node read from outside; names of their own inputs may be among them."""
    parts = [part for body in bodies(node) for part in nested(body)]
    own = {output for part in parts for inner in part.node for output in inner.output}
    return set().union(*map(names_read, bodies(node))) - own


class Wiring:
    """The readers of each tensor of a graph."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.outputs = {value.name for value in graph.output}
        self._consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in names_read_by(node):
                self._consumers.setdefault(name, []).append(node)

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        """The nodes that read a tensor, themselves or in a branch."""
        return self._consumers.get(tensor, [])

    def settled(self, node: onnx.NodeProto) -> str:
        """The tensor with a node's final result: the output of its ReLU, if only that reads the node, else its own."""
        output: str = node.output[0]
        readers = self.consumers(output)
        if output not in self.outputs and len(readers) == 1 and readers[0].op_type == "Relu":
            return str(readers[0].output[0])
        return output


def bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The branches of a node, or the body of a loop."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
