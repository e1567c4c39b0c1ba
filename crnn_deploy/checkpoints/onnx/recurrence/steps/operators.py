"""What the operators of a step compute, of values in normal form and of constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.checkpoints.onnx.recurrence.steps.arithmetic import (
    columns,
    constant,
    joined,
    of,
    product,
    scaled,
    times_matrix,
    total,
)
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import Activation, Function, UnreadableError, Value
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import STANDARD_DOMAINS

_ACTIVATIONS = ("Sigmoid", "Tanh", "Relu", "HardSigmoid")
_SLOPE, _OFFSET = 0.2, 0.5  # of ONNX's HardSigmoid
_LAST = (1, -1)  # the axis of the numbers in [N, width]

Constant = NDArray[Any]
Operand = Value | Constant


def _sum(node: onnx.NodeProto, inputs: list[Operand], _: int) -> Operand:
    sign = -1 if node.op_type == "Sub" else 1
    left, right = inputs
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and left.shape == right.shape:
        return np.asarray(left + sign * right)
    one, other = _same_width(left, right)
    return total([one, scaled(other, float(sign))])


def _product(_: onnx.NodeProto, inputs: list[Operand], __: int) -> Operand:
    left, right = inputs
    if isinstance(right, Value) and not isinstance(left, Value):
        left, right = right, left
    if isinstance(left, Value) and isinstance(right, np.ndarray) and right.size == 1:
        return scaled(left, float(right.reshape(())))
    return product(*_same_width(left, right))


def _same_width(left: Operand, right: Operand) -> tuple[Value, Value]:
    width = max((operand.width for operand in (left, right) if isinstance(operand, Value)), default=0)
    if not width:
        raise UnreadableError("constants")
    one, other = (each if isinstance(each, Value) else constant(each, width) for each in (left, right))
    return one, other


def _matrix_product(_: onnx.NodeProto, inputs: list[Operand], __: int) -> Operand:
    rows, matrix = inputs
    if not isinstance(rows, Value) or isinstance(matrix, Value):
        raise UnreadableError("a product of values")
    return times_matrix(rows, matrix)


def _gemm(node: onnx.NodeProto, inputs: list[Operand], _: int) -> Operand:
    attributes = attributes_of(node)
    rows, matrix = inputs[:2]
    if not isinstance(rows, Value) or isinstance(matrix, Value) or attributes.get("transA"):
        raise UnreadableError("a product of values")
    made = scaled(
        times_matrix(rows, matrix.T if attributes.get("transB") else matrix), float(attributes.get("alpha", 1.0))
    )
    if len(inputs) == 2:
        return made
    added = inputs[2] if isinstance(inputs[2], Value) else constant(inputs[2], made.width)
    return total([made, scaled(added, float(attributes.get("beta", 1.0)))])


def _activation(node: onnx.NodeProto, inputs: list[Operand], _: int) -> Operand:
    (value,) = inputs
    if not isinstance(value, Value):
        raise UnreadableError("a constant")
    function = Function(node.op_type)
    if node.op_type == "HardSigmoid":
        attributes = attributes_of(node)
        function = Function(node.op_type, attributes.get("alpha", _SLOPE), attributes.get("beta", _OFFSET))
    return of(Activation(function, value))


def _clipped(_: onnx.NodeProto, inputs: list[Operand], __: int) -> Operand:
    """Between 0 and m: m times the HardSigmoid of slope 1/m."""
    value, *bounds = inputs
    if not isinstance(value, Value) or len(bounds) != 2 or any(isinstance(bound, Value) for bound in bounds):
        raise UnreadableError("not between two numbers")
    low, high = (float(np.asarray(bound).reshape(())) for bound in bounds)
    if low != 0 or high <= 0:
        raise UnreadableError("not between zero and a number")
    return scaled(of(Activation(Function("HardSigmoid", 1 / high, 0.0), value)), high)


def _negative(_: onnx.NodeProto, inputs: list[Operand], __: int) -> Operand:
    (value,) = inputs
    return scaled(value, -1.0) if isinstance(value, Value) else -value


def _split(node: onnx.NodeProto, inputs: list[Operand], output: int) -> Operand:
    attributes = attributes_of(node)
    axis, sizes = attributes.get("axis", 0), attributes.get("split")
    if len(inputs) > 1 and isinstance(inputs[1], np.ndarray):
        sizes = inputs[1].tolist()
    value = inputs[0]
    length = value.width if isinstance(value, Value) else value.shape[axis]
    bounds = np.cumsum([0, *(sizes or [length // len(node.output)] * len(node.output))]).tolist()
    if bounds[-1] != length:
        raise UnreadableError("a split in unequal parts")
    if not isinstance(value, Value):
        return np.take(value, range(bounds[output], bounds[output + 1]), axis)
    if axis not in _LAST:
        raise UnreadableError("a split of images")
    return columns(value, bounds[output], bounds[output + 1])


def _slice(_: onnx.NodeProto, inputs: list[Operand], __: int) -> Operand:
    value, *numbers = inputs
    if any(isinstance(each, Value) for each in numbers) or len(numbers) < 3:
        raise UnreadableError("a slice without axes")
    starts, ends, axes, *steps = (np.asarray(each).tolist() for each in numbers)
    if steps and any(step != 1 for step in steps[0]):
        raise UnreadableError("a slice with steps")
    for start, end, axis in zip(starts, ends, axes, strict=True):
        if not isinstance(value, Value):
            value = np.take(value, range(*slice(start, end).indices(value.shape[axis])), axis)
            continue
        if axis in _LAST:
            first, last, _ = slice(start, end).indices(value.width)
            value = columns(value, first, last)
        elif start != 0 or end < np.iinfo(np.int32).max:
            raise UnreadableError("a slice of images")
    return value


def _joined(node: onnx.NodeProto, inputs: list[Operand], _: int) -> Operand:
    if attributes_of(node).get("axis") not in _LAST or not any(isinstance(each, Value) for each in inputs):
        raise UnreadableError("images, or constants, are joined")
    return joined([each if isinstance(each, Value) else constant(each, each.shape[-1]) for each in inputs])


def _same(_: onnx.NodeProto, inputs: list[Operand], output: int) -> Operand:
    if output:
        raise UnreadableError("a mask")
    return inputs[0]


def _squeezed(_: onnx.NodeProto, inputs: list[Operand], __: int) -> Operand:
    value = inputs[0]
    if isinstance(value, Value):
        raise UnreadableError("another number of axes")
    return value.reshape(-1) if value.size == max(value.shape, default=1) else np.squeeze(value)


def _transposed(node: onnx.NodeProto, inputs: list[Operand], _: int) -> Operand:
    value = inputs[0]
    if isinstance(value, Value):
        raise UnreadableError("axes change places")
    return np.transpose(value, attributes_of(node).get("perm"))


_Operator = Callable[[onnx.NodeProto, list[Operand], int], Operand]
_OPERATORS: Mapping[str, _Operator] = {
    **dict.fromkeys(("Add", "Sub"), _sum),
    **dict.fromkeys(_ACTIVATIONS, _activation),
    **dict.fromkeys(("Identity", "Dropout"), _same),
    "Mul": _product,
    "Neg": _negative,
    "MatMul": _matrix_product,
    "Gemm": _gemm,
    "Split": _split,
    "Slice": _slice,
    "Concat": _joined,
    "Clip": _clipped,
    "Squeeze": _squeezed,
    "Transpose": _transposed,
}


def computed(node: onnx.NodeProto, inputs: list[Operand], output: int) -> Operand:
    """The output `output` of a node.

    Raises:
        UnreadableError: if it is none of the operators, or not one that treats each image alike.
    """
    operator = _OPERATORS.get(node.op_type) if node.domain in STANDARD_DOMAINS else None
    if operator is None or len(inputs) < len(node.input) or not inputs:
        raise UnreadableError(node.op_type)
    return operator(node, inputs, output)
