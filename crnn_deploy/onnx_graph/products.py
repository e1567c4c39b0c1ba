"""Layers that multiply activations with constant weights, recurrent ones aside."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

PRODUCTS = ("Conv", "Gemm", "MatMul")
"""The operators whose arithmetic INT8 speeds up, besides recurrent layers."""

Shapes = Mapping[str, tuple[int, ...]]
"""Of the constants of a graph, by name."""


def is_product(node: onnx.NodeProto, shapes: Shapes) -> bool:
    """Whether a node multiplies activations with constant weights, and does nothing else but add a bias."""
    if node.op_type not in PRODUCTS or node.input[0] in shapes or node.input[1] not in shapes:
        return False
    if node.op_type == "Gemm":
        return all(attribute.name == "transB" or _is_neutral(attribute) for attribute in node.attribute)
    return node.op_type != "MatMul" or len(shapes[node.input[1]]) == 2


def is_depthwise(node: onnx.NodeProto, shapes: Shapes) -> bool:
    """Whether a node is a convolution that mixes no channels."""
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    return groups > 1 and shapes[node.input[1]][1] == 1


def channel_axis(product: onnx.NodeProto) -> int:
    """Which axis of a product's weight counts its outputs."""
    if product.op_type == "Conv":
        return 0
    transposed = any(attribute.name == "transB" and attribute.i for attribute in product.attribute)
    return 0 if transposed else 1


def _is_neutral(attribute: onnx.AttributeProto) -> bool:
    """Whether an attribute of a Gemm leaves it a plain product and sum."""
    return bool(attribute.i == 0 if attribute.name == "transA" else attribute.f == 1)
