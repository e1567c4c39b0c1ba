"""Bring an FP32 graph into the form that the quantizer expects, and refuse one that is not FP32."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import onnxruntime as ort

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.quantization.plan import name_nodes

_QUANTIZED_OPS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")
_CONSTANT_WEIGHTS_IR = 4
_INT8_TYPES = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)


def read_fp32(artifact: Artifact) -> onnx.ModelProto:
    """The graph of an FP32 `.onnx` artifact.

    Raises:
        InputError: if the artifact is not ONNX, or is quantized already.
    """
    if artifact.format != "onnx":
        raise InputError(
            f"{artifact.path} is not ONNX.",
            "INT8 is made from an exported model.",
            f"First: crnn-deploy export {artifact.path} -o MODEL.onnx",
        )
    model = read_onnx(artifact.path)
    if any(node.op_type in _QUANTIZED_OPS for node in model.graph.node) or any(
        tensor.data_type in _INT8_TYPES for tensor in model.graph.initializer
    ):
        raise InputError(
            f"{artifact.path} is quantized already.",
            "It holds Q/DQ nodes or 8-bit weights.",
            "Give the FP32 model that it was made from.",
        )
    return model


def prepare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let ONNX Runtime simplify the graph: constants folded, batch norm folded into convolutions, every node named.

    Only optimisations that stay within standard ONNX and don't depend on the processor are used. `model` is left as it
    is.
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
    name_nodes(simplified.graph)
    return simplified


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
