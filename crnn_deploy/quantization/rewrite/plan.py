"""The layers of a graph that could run in INT8, and the plan to start from before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import onnx

from crnn_deploy.onnx_graph.operators import PRODUCTS
from crnn_deploy.onnx_graph.positions import computing_positions
from crnn_deploy.onnx_graph.products import is_depthwise, is_product
from crnn_deploy.onnx_graph.wiring import Wiring, depending_on_values, producers_of
from crnn_deploy.quantization.config import Target
from crnn_deploy.quantization.rewrite.recurrent import is_quantizable
from crnn_deploy.quantization.rewrite.scheme import SCHEMES

# Operators between two INT8 layers that need no FP32: runtimes fold a ReLU into the rounding, take the maximum of
# integers, and add residuals as integers.
_INT8_CAPABLE = ("Add", "MaxPool", "Relu")

# Behind a recurrent layer, whose states are FP32, a Gemm of few weights is faster in FP32. One row, in µs, FP32 and
# INT8: 128 by 10: 6.2, 6.6; 512 by 10: 6.7, 7.0; 256 by 100: 7.3, 7.3; 512 by 100: 8.6, 7.9.
_FEW_WEIGHTS = 1 << 14
_OVER_STEPS = ("Gather", "ReduceMean")  # what makes one row of the rows of all steps
_MOVING = ("Concat", "Slice", "Split", "Squeeze", "Transpose")

Plan = frozenset[str]
"""Names of the layers that run in INT8."""


@dataclass(frozen=True)
class Layer:
    """A node with weights, which could run in INT8."""

    name: str
    op: str
    recurrent: bool
    slower: str = ""
    """Why it is known to be slower in INT8, so that it starts in FP32; empty where it is not."""


def find_layers(graph: onnx.GraphProto, target: Target) -> tuple[Layer, ...]:
    """All layers that could run in INT8 on the target, in graph order.

    Products of two activations have no weights to quantize, and those of two constants, such as for an initial state,
    are computed when a runtime loads. What computes positions in the image stays exact. Recurrent layers run in INT8 on
    the target `cpu` only, by our kernels.
    """
    tensors = (tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT)
    shapes = {tensor.name: tuple(tensor.dims) for tensor in tensors}
    values, positions = depending_on_values(graph), computing_positions(graph)
    scheme, wiring, producers = SCHEMES[target], Wiring(graph), producers_of(graph)

    def slower(node: onnx.NodeProto) -> str:
        if not scheme.in_onnxruntime:
            return ""
        if is_depthwise(node, shapes) and not _stays_int8(node, wiring):
            return "depthwise between float layers"
        few = node.op_type == "Gemm" and math.prod(shapes[node.input[1]]) < _FEW_WEIGHTS
        source = _summed_up(node.input[0], producers) if few and scheme.recurrent else None
        return "small, behind a recurrent layer" if source and is_quantizable(source, shapes) else ""

    layers = []
    for node in graph.node:
        if values.isdisjoint(node.input) or node.name in positions:
            continue
        if scheme.recurrent and is_quantizable(node, shapes):
            layers.append(Layer(node.name, node.op_type, recurrent=True))
        elif is_product(node, shapes):
            layers.append(Layer(node.name, node.op_type, recurrent=False, slower=slower(node)))
    return tuple(layers)


def first_plan(layers: Collection[Layer]) -> Plan:
    """The layers to try in INT8 first: all but those that are known to be slower in it.

    Depthwise convolutions with float neighbours gain nothing in ONNX Runtime's INT8 and need Q/DQ on both sides (a
    MobileNetV3-GRU runs at 0.84× its FP32 speed with them, at 0.98× without). Between INT8 layers they are cheaper in
    INT8 than with conversions to float and back.
    """
    return frozenset(layer.name for layer in layers if not layer.slower)


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
    """The product layers in groups whose members pass INT8 values to each other, without float in between."""
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
        elif node.op_type not in _INT8_CAPABLE:
            sources = set()
        for output in node.output:
            source_of[output] = sources
    return list(dict.fromkeys(frozenset(group_of[name]) for name in products))


def _summed_up(tensor: str, producers: Mapping[str, onnx.NodeProto]) -> onnx.NodeProto | None:
    """The node from whose steps a tensor holds one row for each sample; None if that is an input of the graph."""
    source = producers.get(tensor)
    moving: tuple[str, ...] = (*_MOVING, *_OVER_STEPS)
    while source and source.op_type in moving:
        if source.op_type in _OVER_STEPS:
            moving = (*moving, "Reshape")  # before, it could make one matrix of the rows of all steps
        source = producers.get(source.input[0])
    return source


def _stays_int8(node: onnx.NodeProto, wiring: Wiring) -> bool:
    """Whether all readers of a node take INT8."""
    return all(reader.op_type in ("MaxPool", "Relu", *PRODUCTS) for reader in wiring.consumers(node.output[0]))
