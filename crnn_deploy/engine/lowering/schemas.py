"""Types of tensors and operators, from ONNX's own definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx
from onnx import TensorProto, defs

from crnn_deploy.engine.lowering.crnn_gru_function import is_recurrence
from crnn_deploy.errors import InputError

_HALF = "tensor(float16)"


def element_types(model: onnx.ModelProto) -> dict[str, int]:
    """The element type of every tensor of the main graph.

    Raises:
        InputError: if ONNX can't infer one, such as of an operator that it doesn't define.
    """
    try:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    except onnx.shape_inference.InferenceError as error:
        raise InputError("The types of the model's tensors can't be told.", str(error)) from None
    values = (*inferred.input, *inferred.value_info, *inferred.output)
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    types |= {tensor.name: tensor.data_type for tensor in inferred.initializer}
    for node in inferred.node:
        for output in node.output:
            if output and not types.get(output):
                raise InputError(
                    f"The type of {output} can't be told.",
                    f"It is made by {node.op_type} of the domain '{node.domain}', which ONNX does not define.",
                    "Express it in standard operators, or as a function inside the model.",
                )
    return types


@dataclass(frozen=True)
class HalfSupport:
    """Which of a node's inputs and outputs may be FP16, by position."""

    inputs: tuple[bool, ...]
    outputs: tuple[bool, ...]


def half_support(node: onnx.NodeProto, opset: int) -> HalfSupport:
    """What the operator's definition allows: nothing for operators that ONNX doesn't define, except ours."""
    if is_recurrence(node):
        return HalfSupport((True,) * len(node.input), (True,))
    try:
        schema = defs.get_schema(node.op_type, opset, node.domain)
    except defs.SchemaError:
        return HalfSupport((False,) * len(node.input), (False,) * len(node.output))
    allowed = {item.type_param_str: _HALF in item.allowed_type_strs for item in schema.type_constraints}
    return HalfSupport(
        tuple(_allows(schema.inputs, index, allowed) for index in range(len(node.input))),
        tuple(_allows(schema.outputs, index, allowed) for index in range(len(node.output))),
    )


def _allows(parameters: list[defs.OpSchema.FormalParameter], index: int, allowed: dict[str, bool]) -> bool:
    parameter = parameters[min(index, len(parameters) - 1)]  # the last parameter may be repeated
    return bool(allowed.get(parameter.type_str, parameter.type_str == _HALF))


def is_float(types: Mapping[str, int], name: str) -> bool:
    return bool(types.get(name) == TensorProto.FLOAT)
