"""`QGRU` and `QLSTM`: recurrent layers with INT8 weights, as ONNX functions that any runtime can execute.

Each op is defined inside the model file by a body of standard ONNX, which converts the weights to FP32 (one scale per
row) and passes them to ONNX's own layer; so the file runs without our library. ONNX Runtime folds Cast and Mul when it
loads the model (it would not fold `DequantizeLinear`, which costs a fifth of the speed). Where our custom-op library is
registered, ONNX Runtime keeps the node and runs its INT8 kernel.

Inputs: those of ONNX `GRU` and `LSTM`, with a scale after each weight; G is 3 for a GRU and 4 for an LSTM:

    X [T, N, C]                          W int8 [D, G·H, C], W_scale [D, G·H, 1]
    R int8 [D, G·H, H], R_scale [D, G·H, 1]    B [D, 2·G·H]
    sequence_lens int32 [N]              initial_h, initial_c [D, N, H]        (these three and B are optional)

Outputs: Y [T, D, N, H], Y_h [D, N, H] and, for an LSTM, Y_c. Attributes: `hidden_size` and `direction`. A GRU's reset
gate comes after the recurrent product, as in PyTorch (`linear_before_reset=1`).
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import helper

from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import DOMAIN, QUANTIZED_RECURRENT

VERSION = 1

_FUNCTIONS_IR = 8  # the first IR version with local functions

_STATES = {"GRU": ["initial_h"], "LSTM": ["initial_h", "initial_c"]}
OUTPUTS = {"GRU": ["Y", "Y_h"], "LSTM": ["Y", "Y_h", "Y_c"]}


def define_functions(model: onnx.ModelProto) -> None:
    """Add to `model` the definition of each of our ops that it, or a function of it, uses and does not define yet."""
    bodies = (model.graph, *model.functions)
    used = {node.op_type for body in bodies for node in body.node if node.domain == DOMAIN}
    if not used:
        return
    defined = {function.name for function in model.functions if function.domain == DOMAIN}
    add_functions(
        model, (_function(op, opset_of(model)) for op, name in QUANTIZED_RECURRENT.items() if name in used - defined)
    )


def add_functions(model: onnx.ModelProto, functions: Iterable[onnx.FunctionProto]) -> None:
    """Add definitions of ops of our domain, and declare the domain in the model."""
    model.functions.extend(functions)
    model.ir_version = max(model.ir_version, _FUNCTIONS_IR)
    if all(entry.domain != DOMAIN for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(DOMAIN, VERSION))


def _function(standard: str, opset: int) -> onnx.FunctionProto:
    """Definition of the op that replaces the `standard` one."""
    layer = helper.make_node(
        standard, ["X", "W_fp32", "R_fp32", "B", "sequence_lens", *_STATES[standard]], OUTPUTS[standard]
    )
    if standard == "GRU":
        layer.attribute.append(helper.make_attribute("linear_before_reset", 1))
    layer.attribute.extend(referred_attributes())
    return helper.make_function(
        DOMAIN,
        QUANTIZED_RECURRENT[standard],
        ["X", "W", "W_scale", "R", "R_scale", "B", "sequence_lens", *_STATES[standard]],
        OUTPUTS[standard],
        [*_dequantized("W"), *_dequantized("R"), layer],
        [helper.make_opsetid("", opset)],
        [attribute.name for attribute in referred_attributes()],
    )


def referred_attributes() -> list[onnx.AttributeProto]:
    """Attributes of a node within one of our functions that are those of the function."""
    kinds = {"hidden_size": onnx.AttributeProto.INT, "direction": onnx.AttributeProto.STRING}
    return [onnx.AttributeProto(name=name, ref_attr_name=name, type=kind) for name, kind in kinds.items()]


def _dequantized(weight: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [weight], [f"{weight}_cast"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{weight}_cast", f"{weight}_scale"], [f"{weight}_fp32"]),
    ]
