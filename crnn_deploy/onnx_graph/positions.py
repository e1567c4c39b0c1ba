"""Nodes that compute where in the image a pixel is taken from, as rectifying networks (TPS) do."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from crnn_deploy.onnx_graph.wiring import producers_of

_ENDS = ("Conv", "ConvTranspose", "DequantizeLinear", "QuantizeLinear")
"""What computes features of the image, or is INT8: positions begin behind it."""


def computing_positions(graph: onnx.GraphProto) -> set[str]:
    """The names of the nodes that take pixels at computed positions, and of those that compute these from features.

    They have little to compute, and rounding moves the whole image: FP16 has steps of 2⁻¹¹ below 1, a fortieth of a
    pixel in an image of 100, and INT8 has steps of two fifths of a pixel.
    """
    producers = producers_of(graph)
    found: set[str] = set()
    for node in graph.node:
        if node.op_type == "GridSample":
            found.add(node.name)
            found |= _ancestors(node.input[1], producers)
    return found


def _ancestors(tensor: str, producers: Mapping[str, onnx.NodeProto]) -> set[str]:
    found: set[str] = set()
    waiting = [tensor]
    while waiting:
        node = producers.get(waiting.pop())
        if node is not None and node.op_type not in _ENDS and node.name not in found:
            found.add(node.name)
            waiting += node.input
    return found
