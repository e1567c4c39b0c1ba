"""Check that an engine of a precision can be built from a model."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto

from crnn_deploy.engine.lowering.crnn_gru_function import is_recurrence
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import QDQ
from crnn_deploy.onnx_graph.wiring import Constants, constants_of, nested
from crnn_deploy.runtime.tensorrt.names import Precision

_HALF_TYPES = {TensorProto.FLOAT16, TensorProto.BFLOAT16}
_HALF_QDQ_OPSET = 19
_QUANTIZE = "crnn-deploy quantize MODEL.onnx --int8 --target tensorrt --data DATA -o MODEL.trt.onnx"


def holds_qdq(model: onnx.ModelProto) -> bool:
    return any(node.op_type in QDQ for part in nested(model.graph) for node in part.node)


def check_model(model: onnx.ModelProto, precision: Precision) -> None:
    """Refuse a model that can't be lowered to the precision.

    Raises:
        InputError: if it is FP16 or lowered already, is INT8 for a CPU, has Q/DQ nodes where the precision allows none
            or none where it needs them, or an opset too old for them.
    """
    tensors = (tensor for part in nested(model.graph) for tensor in part.initializer)
    if any(map(is_recurrence, model.graph.node)) or any(tensor.data_type in _HALF_TYPES for tensor in tensors):
        raise InputError(
            "The model is FP16, or was lowered for TensorRT before.",
            "Engines are built from FP32 graphs and from INT8 graphs with FP32 around.",
            "Give the exported model that it was made from.",
        )
    if holds_qdq(model):
        _check_quantized(model, precision)
    elif precision == "int8":
        raise InputError(
            "The model holds no Q/DQ nodes, so nothing of it could run in INT8.",
            "TensorRT takes the ranges of activations from the graph; it calibrates no longer.",
            f"First: {_QUANTIZE}",
        )


def _check_quantized(model: onnx.ModelProto, precision: Precision) -> None:
    constants = constants_of(model.graph)
    if any(not _is_tensorrts(node, constants) for node in model.graph.node if node.op_type in QDQ):
        raise InputError(
            "The model's Q/DQ nodes are not for TensorRT.",
            "It takes signed INT8 with zero points of 0 and FP32 biases; ONNX Runtime's are unsigned on a CPU.",
            f"Quantize the FP32 model once more: {_QUANTIZE}",
        )
    if precision != "int8":
        raise InputError(
            f"The model is INT8: it can't become an {precision.upper()} engine.",
            "It holds Q/DQ nodes, and TensorRT would obey them.",
            "Build with --int8, or give the FP32 model that it was made from.",
        )
    opset = opset_of(model)
    if opset < _HALF_QDQ_OPSET:
        raise InputError(
            f"The model's opset is {opset}, too old for INT8 next to FP16.",
            f"ONNX has scales in FP16 since opset {_HALF_QDQ_OPSET}.",
            f"Quantize the FP32 model once more, which raises its opset: {_QUANTIZE}",
        )


def _is_tensorrts(node: onnx.NodeProto, constants: Constants) -> bool:
    """Whether a Q/DQ node is symmetric INT8; of a constant that is dequantized, its type shows that."""
    stored = constants.get(node.input[0])
    if stored is not None and stored.dtype != np.int8:
        return False
    if len(node.input) > 2 and node.input[2]:
        zero = constants.get(node.input[2])
        return zero is not None and zero.dtype == np.int8 and not zero.any()
    return stored is not None or node.op_type == "DequantizeLinear"  # else the quantizing node shows it
