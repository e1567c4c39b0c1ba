"""Bring an FP32 graph into the form that the quantizer expects, and refuse one that is not FP32."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import onnx
import onnxruntime as ort

from crnn_deploy.artifact import Artifact, read_onnx, require_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.facts import opset_of
from crnn_deploy.onnx_graph.wiring import nested
from crnn_deploy.quantization.rewrite.naming import RESERVED
from crnn_deploy.quantization.target import Target

_QUANTIZED_OPS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
_CONSTANT_WEIGHTS_IR = 4
_INT8_TYPES = {onnx.TensorProto.INT8, onnx.TensorProto.UINT8}
_HALF_TYPES = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
_TENSORRT_OPSET = 13  # the first whose Q/DQ has a scale for each channel


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
    """Let ONNX Runtime simplify the graph: constants folded, batch norm folded into convolutions, every node named.

    Only optimisations that stay within standard ONNX and don't depend on the processor are used. `model` is left as it
    is.

    Raises:
        InputError: if a name in the graph begins with the prefix that is kept for what quantization adds.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simplified.onnx"
        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        ort.InferenceSession(
            _with_constant_weights(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        simplified = onnx.load(path)
    _drop_unused_domains(simplified)
    RESERVED.refuse_in(simplified.graph)
    name_nodes(simplified.graph)
    return simplified


def require_target(model: onnx.ModelProto, target: Target) -> None:
    """Refuse a model too old for what the target reads.

    Raises:
        InputError: for TensorRT, if the opset is below 13.
    """
    opset = opset_of(model)
    if target == "tensorrt" and opset < _TENSORRT_OPSET:
        raise InputError(
            f"The model's opset is {opset}.",
            f"TensorRT needs a scale for each channel, which ONNX knows since opset {_TENSORRT_OPSET}.",
            "Export the model with a newer opset, or convert it with onnx.version_converter.",
        )


def name_nodes(graph: onnx.GraphProto) -> None:
    """Give every node a name of its own: plans refer to nodes by name."""
    given = {node.name for node in graph.node}
    taken: set[str] = set()
    for index, node in enumerate(graph.node):
        if not node.name or node.name in taken:
            fresh = (f"{node.op_type}_{number}" for number in itertools.count(index))
            node.name = next(name for name in fresh if name not in given | taken)
        taken.add(node.name)


def _constant_types(graph: onnx.GraphProto) -> set[int]:
    """The data types of all constants, at any depth."""
    stored = {tensor.data_type for part in nested(graph) for tensor in part.initializer}
    nodes = (node for part in nested(graph) for node in part.node)
    return stored | {a.t.data_type for node in nodes for a in node.attribute if a.HasField("t")}


def _with_constant_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose weights are no inputs, which files before IR version 4 list them as, so that they can be folded."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    weights = {tensor.name for tensor in copy.graph.initializer}
    inputs = [value for value in copy.graph.input if value.name not in weights]
    del copy.graph.input[:]
    copy.graph.input.extend(inputs)
    copy.ir_version = max(copy.ir_version, _CONSTANT_WEIGHTS_IR)
    return copy


def _drop_unused_domains(model: onnx.ModelProto) -> None:
    """Undo that ONNX Runtime declares all operator sets that it knows."""
    used = {"", *(node.domain for node in model.graph.node), *(function.domain for function in model.functions)}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
