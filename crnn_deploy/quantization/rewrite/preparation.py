"""Check that a graph is FP32, and bring it into the form that the quantizer expects."""

from __future__ import annotations

import onnx

from crnn_deploy.artifact import Artifact, read_onnx, require_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import QDQ
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.simplification import simplify
from crnn_deploy.onnx_graph.wiring import nested
from crnn_deploy.quantization.config import Target

_QUANTIZED_OPS = (*QDQ, "DynamicQuantizeLinear")
_INT8_TYPES = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
_HALF_TYPES = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
TENSORRT_OPSET = 19
"""The first whose Q/DQ has scales in FP16, as beside layers in FP16 in an engine."""


def read_fp32(artifact: Artifact) -> onnx.ModelProto:
    """The graph of an FP32 `.onnx` artifact.

    Raises:
        InputError: if the artifact is not ONNX, is quantized already, or is FP16.
    """
    require_onnx(artifact)
    model = read_onnx(artifact.path)
    types = _constant_types(model.graph)
    if types & _INT8_TYPES or any(node.op_type in _QUANTIZED_OPS for part in nested(model.graph) for node in part.node):
        raise InputError(
            f"{artifact.path} is quantized already.",
            "It holds Q/DQ nodes or 8-bit weights.",
            "Give the FP32 model that it was made from.",
        )
    if types & _HALF_TYPES:
        raise InputError(
            f"{artifact.path} is FP16.",
            "It holds 16-bit weights.",
            "Give the FP32 model that it was made from.",
        )
    return model


def prepare(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of an FP32 graph in the form that the quantizer expects: simplified, every node named.

    Raises:
        InputError: if a name in the graph begins with the prefix that is reserved for what quantization adds.
    """
    simplified = simplify(model)
    INT8_NAMES.refuse_in(simplified.graph)
    return simplified


def require_target(model: onnx.ModelProto, target: Target) -> None:
    """Refuse a model whose opset is too old for the target.

    Raises:
        InputError: for TensorRT, if the opset is below 19.
    """
    opset = opset_of(model)
    if target == "tensorrt" and opset < TENSORRT_OPSET:
        raise InputError(
            f"The model's opset is {opset}, and ONNX's converter makes no model of opset {TENSORRT_OPSET} of it.",
            f"In an engine INT8 stands beside FP16, and ONNX has scales in FP16 since opset {TENSORRT_OPSET}.",
            f"Export it from its framework with opset {TENSORRT_OPSET} or later, or build an engine of the FP32 model "
            "with --fp16.",
        )


def _constant_types(graph: onnx.GraphProto) -> set[int]:
    """The data types of all constants, at any depth."""
    stored = {tensor.data_type for part in nested(graph) for tensor in part.initializer}
    nodes = (node for part in nested(graph) for node in part.node)
    return stored | {a.t.data_type for node in nodes for a in node.attribute if a.HasField("t")}
