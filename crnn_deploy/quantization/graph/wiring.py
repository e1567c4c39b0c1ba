"""Who reads what in a graph, counting what branches and loop bodies read from outside."""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def nested(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph, and all branches and loop bodies in it."""
    yield graph
    for node in graph.node:
        for inner in _bodies(node):
            yield from nested(inner)


def names_read(graph: onnx.GraphProto) -> set[str]:
    """The names of all tensors that something needs: a node, at any depth, or the graph's caller."""
    read = set()
    for part in nested(graph):
        read |= {value.name for value in part.output}
        read |= {name for node in part.node for name in node.input}
    return read


class Wiring:
    """The nodes of a graph by what they read."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.outputs = {value.name for value in graph.output}
        self._consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in (*node.input, *(name for inner in _bodies(node) for name in names_read(inner))):
                self._consumers.setdefault(name, []).append(node)

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        """The nodes that read a tensor, themselves or in a branch."""
        return self._consumers.get(tensor, [])

    def settled(self, node: onnx.NodeProto) -> str:
        """The tensor in which a node's result is final: behind its ReLU, where nothing else reads it before."""
        output: str = node.output[0]
        readers = self.consumers(output)
        if output not in self.outputs and len(readers) == 1 and readers[0].op_type == "Relu":
            return str(readers[0].output[0])
        return output


def _bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
