"""Layers that multiply activations by constant weights, without recurrent ones."""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from crnn_deploy.onnx_graph.operators import PRODUCTS

ConstantShapes = Mapping[str, tuple[int, ...]]
"""The shape of each constant of a graph, by name."""


def is_product(node: onnx.NodeProto, shapes: ConstantShapes) -> bool:
    """Whether a node multiplies activations by constant weights and, besides that, only adds a bias."""
    if node.op_type not in PRODUCTS or node.input[0] in shapes or node.input[1] not in shapes:
        return False
    if node.op_type == "Gemm":
        return all(attribute.name == "transB" or _is_neutral(attribute) for attribute in node.attribute)
    return node.op_type != "MatMul" or len(shapes[node.input[1]]) == 2


def is_depthwise(node: onnx.NodeProto, shapes: ConstantShapes) -> bool:
    """Whether a node is a convolution in which each output channel reads one input channel."""
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    return groups > 1 and shapes[node.input[1]][1] == 1


def channel_axis(product: onnx.NodeProto) -> int:
    """The axis of a product's weight that numbers its outputs."""
    if product.op_type == "Conv":
        return 0
    transposed = any(attribute.name == "transB" and attribute.i for attribute in product.attribute)
    return 0 if transposed else 1


def _is_neutral(attribute: onnx.AttributeProto) -> bool:
    """Whether an attribute leaves a Gemm a plain product and sum."""
    return bool(attribute.i == 0 if attribute.name == "transA" else attribute.f == 1)
