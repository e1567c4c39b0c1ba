"""Which layers of a graph could run in INT8, and which of them should before anything is measured."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import onnx

from crnn_deploy.quantization.record import Target
from crnn_deploy.quantization.recurrent import is_quantizable

# The operators whose arithmetic INT8 speeds up, besides recurrent layers.
PRODUCTS = ("Conv", "Gemm", "MatMul")

# What may stand between two INT8 layers without taking values back to FP32: runtimes fold a ReLU into the rounding,
# take the maximum of integers, and add residuals as integers.
_RIDING_ALONG = ("Add", "MaxPool", "Relu")

Plan = frozenset[str]
"""Names of the layers that run in INT8."""


@dataclass(frozen=True)
class Layer:
    """A node with weights, which could run in INT8."""

    name: str
    op: str
    recurrent: bool
    depthwise: bool


class Wiring:
    """A graph's nodes by what they read and write."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.outputs = {value.name for value in graph.output}
        self._consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)

    def consumers(self, tensor: str) -> list[onnx.NodeProto]:
        return self._consumers.get(tensor, [])

    def settled(self, node: onnx.NodeProto) -> str:
        """The tensor in which a node's result is final: behind its ReLU, where nothing else reads it before."""
        output: str = node.output[0]
        readers = self.consumers(output)
        if output not in self.outputs and len(readers) == 1 and readers[0].op_type == "Relu":
            return str(readers[0].output[0])
        return output


def name_nodes(graph: onnx.GraphProto) -> None:
    """Give every node a name of its own: plans refer to nodes by name."""
    taken: set[str] = set()
    for index, node in enumerate(graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{index}"
        taken.add(node.name)


def find_layers(graph: onnx.GraphProto, target: Target) -> tuple[Layer, ...]:
    """All layers that could run in INT8 on the target, in graph order.

    Products of two activations have no weights to quantize. Recurrent layers run in INT8 on CPUs only, by our kernels.
    """
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    found = []
    for node in graph.node:
        recurrent = target == "cpu" and is_quantizable(node, shapes)
        if recurrent or _is_product(node, shapes):
            found.append(Layer(node.name, node.op_type, recurrent, _is_depthwise(node, shapes)))
    return tuple(found)


def first_plan(graph: onnx.GraphProto, layers: Collection[Layer], target: Target) -> Plan:
    """The layers to try in INT8 first: all, except depthwise convolutions with float neighbours on a CPU.

    These gain nothing and need Q/DQ on both sides (a MobileNetV3-GRU runs at 0.84× its FP32 speed with them, at 0.98×
    without). Between INT8 layers they cost less in INT8 than going back to float would.
    """
    wiring = Wiring(graph)
    nodes = {node.name: node for node in graph.node}
    return frozenset(
        layer.name
        for layer in layers
        if target != "cpu" or not layer.depthwise or _stays_int8(nodes[layer.name], wiring)
    )


def tensors_to_calibrate(graph: onnx.GraphProto, layers: Collection[Layer]) -> list[str]:
    """Activations whose ranges any plan over `layers` may need, each once, in graph order."""
    wiring = Wiring(graph)
    products = {layer.name for layer in layers if not layer.recurrent}
    tensors: dict[str, None] = {}
    for node in graph.node:
        if node.name in products:
            tensors[node.input[0]] = None
            if node.op_type == "Conv":
                tensors[wiring.settled(node)] = None
    return list(tensors)


def linked(graph: onnx.GraphProto, layers: Collection[Layer]) -> list[Plan]:
    """The product layers in groups: members of one hand INT8 values to each other, with no float in between."""
    products = [layer.name for layer in layers if not layer.recurrent]
    group_of: dict[str, set[str]] = {name: {name} for name in products}
    source_of: dict[str, set[str]] = {}  # tensor → layers whose values it holds
    for node in graph.node:
        sources = set().union(*(source_of.get(name, set()) for name in node.input))
        if node.name in group_of:
            merged = group_of[node.name].union(*(group_of[name] for name in source_of.get(node.input[0], set())))
            for name in merged:
                group_of[name] = merged
            # Matrix products give FP32.
            sources = {node.name} if node.op_type == "Conv" else set()
        elif node.op_type not in _RIDING_ALONG:
            sources = set()
        for output in node.output:
            source_of[output] = sources
    return list(dict.fromkeys(frozenset(group_of[name]) for name in products))


def _is_product(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> bool:
    """Whether a node multiplies activations with constant weights."""
    if node.op_type not in PRODUCTS or node.input[0] in shapes or node.input[1] not in shapes:
        return False
    if node.op_type == "Gemm":
        return all(attribute.name == "transB" or _is_neutral(attribute) for attribute in node.attribute)
    return node.op_type != "MatMul" or len(shapes[node.input[1]]) == 2


def _is_neutral(attribute: onnx.AttributeProto) -> bool:
    """Whether an attribute of a Gemm leaves it a plain product and sum."""
    return bool(attribute.i == 0 if attribute.name == "transA" else attribute.f == 1)


def _is_depthwise(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> bool:
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    return groups > 1 and shapes[node.input[1]][1] == 1


def _stays_int8(node: onnx.NodeProto, wiring: Wiring) -> bool:
    """Whether all that follows a node takes INT8."""
    return all(reader.op_type in ("MaxPool", "Relu", *PRODUCTS) for reader in wiring.consumers(node.output[0]))
