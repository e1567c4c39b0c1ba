"""Which nodes of a graph are worth running in INT8, and which tensors have to be calibrated for it."""

from __future__ import annotations

import onnx

# The operators whose arithmetic INT8 speeds up.
_WEIGHTED = ("Conv", "Gemm", "MatMul")

# Those that ride along, so that values stay INT8 between two of the above: a ReLU becomes part of the convolution's
# rounding, pooling takes the maximum of integers. ONNX Runtime fuses residual additions by itself, since both their
# inputs come dequantised and their output goes quantised. Everything else (hard-swish, squeeze-excite, reshapes)
# costs more in Q/DQ than it gains. Speed over FP32, one thread, batch 1, interleaved: a dense MobileNet-GRU 1.68× with
# the weighted operators alone, 1.86× with these; VGG-LSTM 1.64× and 1.72×.
_RIDING_ALONG = ("MaxPool", "Relu")


def name_nodes(graph: onnx.GraphProto) -> None:
    """Give every node a name of its own: plans refer to nodes by name."""
    taken: set[str] = set()
    for index, node in enumerate(graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{index}"
        taken.add(node.name)


def int8_nodes(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes to run in INT8, in graph order; empty if none of them has weights.

    Products of two activations stay FP32. So do depthwise convolutions, which gain nothing and need Q/DQ on both sides
    (a MobileNetV3-GRU runs at 0.84× its FP32 speed with them, at 0.98× without), except where INT8 surrounds them
    anyway: there ONNX Runtime quantizes them in any case, with one scale per tensor if we don't give it one per channel
    (on the recogniser legere that costs 0.4 points of CER).
    """
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    consumers: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node.op_type)

    weighted = [
        node.name
        for node in graph.node
        if node.op_type in _WEIGHTED
        and node.input[1] in shapes
        and (not _is_depthwise(node, shapes) or _stays_int8(node, consumers))
    ]
    if not weighted:
        return []
    chosen = {*weighted, *(node.name for node in graph.node if node.op_type in _RIDING_ALONG)}
    return [node.name for node in graph.node if node.name in chosen]


def tensors_to_calibrate(graph: onnx.GraphProto, nodes: list[str]) -> list[str]:
    """Activations that go in and out of `nodes`, each once, in graph order."""
    weights = {tensor.name for tensor in graph.initializer}
    chosen = set(nodes)
    touched = [
        name
        for node in graph.node
        if node.name in chosen
        for name in (*node.input, *node.output)
        if name not in weights
    ]
    return list(dict.fromkeys(filter(None, touched)))


def _is_depthwise(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> bool:
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    return groups > 1 and shapes[node.input[1]][1] == 1


def _stays_int8(node: onnx.NodeProto, consumers: dict[str, list[str]]) -> bool:
    """Whether all that follows a node takes INT8."""
    return all(op in (*_WEIGHTED, *_RIDING_ALONG) for op in consumers.get(node.output[0], []))
