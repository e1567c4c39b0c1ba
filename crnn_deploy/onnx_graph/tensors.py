"""Stored tensors of an ONNX model: what they claim must agree with what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import uses_external_data

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_AXES, MAX_AXIS
from crnn_deploy.onnx_graph.operators import OWN_OPERATORS, PRODUCTS, QDQ, RECURRENT
from crnn_deploy.onnx_graph.wiring import constant_tensors, nested

_HALF_BYTES = (TensorProto.INT4, TensorProto.UINT4, TensorProto.FLOAT4E2M1)
_COMPLEX = (TensorProto.COMPLEX64, TensorProto.COMPLEX128)
_FIELDS = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")

_WEIGHT_TYPES = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
_INTEGER_TYPES = (TensorProto.INT32, TensorProto.INT64, TensorProto.UINT32, TensorProto.UINT64)
_SHAPE_OPERATORS = ("Gemm", "MatMul")  # may multiply integers
_WEIGHTED = (*PRODUCTS, *RECURRENT, "ConvTranspose")

# Operators that give no usable numbers where a constant is infinite. Masks, which other operators add, may be.
_FINITE = (*_WEIGHTED, *OWN_OPERATORS, *QDQ, "BatchNormalization", "LayerNormalization", "QLinearConv")
_EXPONENTS = {TensorProto.FLOAT16: 0x7C00, TensorProto.BFLOAT16: 0x7F80}  # all ones: NaN or infinite


def stored_tensors(model: onnx.ModelProto) -> Iterator[TensorProto]:
    """All tensors of a model: initializers and attributes, at any depth."""
    for body in (model.graph, *model.functions):
        for part in nested(body):
            yield from getattr(part, "initializer", ())  # a function has none
            for attribute in (attribute for node in part.node for attribute in node.attribute):
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors


def claimed_bytes(tensor: TensorProto) -> int:
    """Bytes of the values that a tensor claims by its type and sizes; strings count nothing.

    Raises:
        InputError: if the type is unknown, or a size is negative or absurd.
    """
    sizes = list(tensor.dims)
    if len(sizes) > MAX_AXES or any(not 0 <= size <= MAX_AXIS for size in sizes):
        shown = ", ".join(map(str, sizes[:8]))
        raise _damaged(tensor, f"It says that its sizes are [{shown}{', …' if len(sizes) > 8 else ''}].")
    if tensor.data_type == TensorProto.STRING:
        return 0
    if tensor.data_type in _HALF_BYTES:
        return (int(prod(sizes)) + 1) // 2
    if tensor.data_type not in helper.get_all_tensor_dtypes():
        raise _damaged(tensor, f"Its type has the unknown number {tensor.data_type}.")
    return int(prod(sizes)) * int(helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def check_tensors(model: onnx.ModelProto) -> None:
    """Check that every tensor holds as much as it claims. External data must be loaded.

    Raises:
        InputError: naming the first tensor that does not, or that is sparse.
    """
    for body in (model.graph, *model.functions):
        for part in nested(body):
            _refuse_sparse(part)
    for tensor in stored_tensors(model):
        _check_length(tensor)


def check_weights(model: onnx.ModelProto) -> None:
    """Check the types of weights, and that no constant is NaN and no weight infinite.

    Raises:
        InputError: naming the tensor.
    """
    graph = model.graph
    constants = constant_tensors(graph)
    finite: set[str] = set()
    for node in graph.node:
        if node.op_type in _WEIGHTED and len(node.input) > 1 and node.input[1] in constants:
            _check_type(node, constants[node.input[1]], node.input[1])
        if node.op_type in _FINITE:
            finite.update(node.input)
    for name, tensor in constants.items():
        _check_finite(tensor, name, name in finite)


def _refuse_sparse(part: onnx.GraphProto | onnx.FunctionProto) -> None:
    names = [tensor.values.name for tensor in getattr(part, "sparse_initializer", ())]
    names += [
        n.output[0] if n.output else n.name for n in part.node for a in n.attribute if a.HasField("sparse_tensor")
    ]
    if names:
        raise InputError(
            f"The tensor {names[0]} is sparse.",
            "Weights must be stored in full.",
            "Export the model with dense weights.",
        )


def _check_length(tensor: TensorProto) -> None:
    claimed = claimed_bytes(tensor)
    if uses_external_data(tensor) or (tensor.data_type == TensorProto.UNDEFINED and not tensor.ByteSize()):
        return
    if tensor.HasField("raw_data"):
        if len(tensor.raw_data) != claimed or tensor.data_type == TensorProto.STRING:
            raise _damaged(tensor, f"It holds {len(tensor.raw_data):,} bytes, and its sizes need {claimed:,}.")
        return
    field = helper.tensor_dtype_to_field(tensor.data_type)
    misplaced = [other for other in _FIELDS if other != field and len(getattr(tensor, other))]
    expected = prod(tensor.dims) * (2 if tensor.data_type in _COMPLEX else 1)
    allowed = {expected, claimed} if tensor.data_type in _HALF_BYTES else {expected}
    found = len(getattr(tensor, field))
    if misplaced or found not in allowed:
        raise _damaged(tensor, f"It holds {found:,} values, and its sizes need {expected:,}.")


def _check_type(node: onnx.NodeProto, weight: TensorProto, name: str) -> None:
    allowed = (*_WEIGHT_TYPES, *(_INTEGER_TYPES if node.op_type in _SHAPE_OPERATORS else ()))
    if weight.data_type not in allowed:
        raise InputError(
            f"The weight {name} of a {node.op_type} has the type {TensorProto.DataType.Name(weight.data_type)}.",
            "Weights are FP32 or FP16 numbers, or INT8 behind DequantizeLinear.",
            "Export the model in FP32.",
        )


def _check_finite(tensor: TensorProto, name: str, weight: bool) -> None:
    if tensor.data_type in _EXPONENTS:
        if not weight:
            return
        exponent = np.uint16(_EXPONENTS[tensor.data_type])
        bits = numpy_helper.to_array(tensor).view(np.uint16)
        bad = "NaN or infinite" if bool(np.any((bits & exponent) == exponent)) else ""
    elif tensor.data_type in (TensorProto.FLOAT, TensorProto.DOUBLE):
        bad = _not_finite(numpy_helper.to_array(tensor), weight)
    else:
        return
    if bad:
        raise InputError(
            f"The tensor {name} holds numbers that are {bad}.",
            "Training diverged, or a conversion to lower precision overflowed.",
            "Give an earlier checkpoint, or export the model again.",
        )


def _not_finite(values: NDArray[np.floating], weight: bool) -> str:
    """What is wrong with the values, found without copying them: the least and the greatest of NaN is NaN."""
    if values.size == 0:
        return ""
    ends = np.array([values.min(), values.max()])
    if np.isnan(ends).any():
        return "NaN"
    return "infinite" if weight and np.isinf(ends).any() else ""


def _damaged(tensor: TensorProto, cause: str) -> InputError:
    name = tensor.name or "without a name"
    return InputError(f"The tensor {name} is damaged.", cause, "Fetch or export the model again.")
