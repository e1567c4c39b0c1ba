"""Check that a graph is FP32, and bring it into the form that the quantizer expects."""

from __future__ import annotations

import onnx

from crnn_deploy.artifact import Artifact, read_onnx, require_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import QDQ, STANDARD_DOMAINS
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.simplification import simplify
from crnn_deploy.onnx_graph.wiring import nested
from crnn_deploy.quantization.config import Target
from crnn_deploy.quantization.rewrite.scheme import SCHEMES

_QUANTIZED_OPS = (*QDQ, "DynamicQuantizeLinear")
_INT8_TYPES = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
_HALF_TYPES = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}


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
    """Refuse a model that has no form for the target.

    Raises:
        InputError: if its opset is too old, or if runtimes of standard ONNX do not know all of its operators.
    """
    opset, oldest = opset_of(model), SCHEMES[target].oldest_opset
    if opset < oldest:
        instead = ", or build an engine of the FP32 model with --fp16" if target == "tensorrt" else ""
        raise InputError(
            f"The model's opset is {opset}, and ONNX's converter makes no model of opset {oldest} of it.",
            f"--target {target} needs opset {oldest}: older Q/DQ nodes have no scales in FP16 or for each channel.",
            f"Export it from its framework with opset {oldest} or later{instead}.",
        )
    if target == "portable" and (foreign := _foreign_domains(model)):
        raise InputError(
            f"The model has operators of {', '.join(foreign)}.",
            "Other runtimes know standard ONNX only.",
            "Quantize it without --target portable, for ONNX Runtime.",
        )


def _foreign_domains(model: onnx.ModelProto) -> list[str]:
    """The domains of operators that are not ONNX's own, local functions among them."""
    domains = {node.domain for graph in nested(model.graph) for node in graph.node}
    return sorted(domains.difference(STANDARD_DOMAINS))


def _constant_types(graph: onnx.GraphProto) -> set[int]:
    """The data types of all constants, at any depth."""
    stored = {tensor.data_type for part in nested(graph) for tensor in part.initializer}
    nodes = (node for part in nested(graph) for node in part.node)
    return stored | {a.t.data_type for node in nodes for a in node.attribute if a.HasField("t")}
