"""`QLinearNhwcConv`, `QLinearNhwcConvAdd` and `NhwcMaxPool`: INT8 on maps `[N, H, W, C]`, as ONNX functions.

ONNX Runtime gives convolutions in INT8 this layout itself, where their neighbours have it too. Each op is defined
inside the model file by ONNX's `QLinearConv` between two Transposes, which ONNX Runtime removes between neighbours; so
the file runs without our library, as quickly as with nodes of standard ONNX. Where our library has kernels that are
faster, ONNX Runtime keeps the nodes and runs these.

Inputs: X uint8 [N, H, W, C]; W int8 [M, C, kh, kw], W_scale [M]; B int32 [M], in units of X_scale · W_scale, which is
optional; and X_scale, X_zero_point, Y_scale, Y_zero_point, without axes. The second op adds a map to the result, which
is rounded before as Y_scale says: Z uint8 [N, H', W', M], Z_scale, Z_zero_point, and sum_scale, sum_zero_point.

Output: Y or the sum, uint8 [N, H', W', M]. Attributes: `strides` and `pads`, as in `QLinearConv`.

`NhwcMaxPool` stands between them: X uint8 [N, H, W, C] → Y uint8 [N, H', W', C], with the attributes `kernel_shape`,
`strides` and `pads` of ONNX's `MaxPool`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import CONVOLUTION, CONVOLUTION_ADD, DOMAIN, MAX_POOL
from crnn_deploy.onnx_graph.qgru_qlstm import VERSION, add_functions

TO_CHANNELS_LAST, TO_CHANNELS_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]
"""The `perm` of Transposes between `[N, C, H, W]` and `[N, H, W, C]`."""

_INPUTS = ["X", "W", "W_scale", "B", "X_scale", "X_zero_point", "Y_scale", "Y_zero_point"]
_ADDED = ["Z", "Z_scale", "Z_zero_point", "sum_scale", "sum_zero_point"]
_ATTRIBUTES = ["strides", "pads"]


def define_convolution_functions(model: onnx.ModelProto) -> None:
    """Add to `model` the definition of each of these ops that it uses and does not define yet."""
    used = {node.op_type for node in model.graph.node if node.domain == DOMAIN}
    defined = {function.name for function in model.functions if function.domain == DOMAIN}
    missing = [name for name in _FUNCTIONS if name in used - defined]
    if missing:
        add_functions(model, (_FUNCTIONS[name](opset_of(model)) for name in missing))


def _convolution(opset: int) -> onnx.FunctionProto:
    return _make(CONVOLUTION, _INPUTS, _ATTRIBUTES, _nodes("Y"), opset)


def _max_pool(opset: int) -> onnx.FunctionProto:
    attributes = ["kernel_shape", *_ATTRIBUTES]
    pool = helper.make_node("MaxPool", ["map"], ["largest"])
    pool.attribute.extend(_referred(attributes))
    nodes = [
        helper.make_node("Transpose", ["X"], ["map"], perm=TO_CHANNELS_FIRST),
        pool,
        helper.make_node("Transpose", ["largest"], ["Y"], perm=TO_CHANNELS_LAST),
    ]
    return _make(MAX_POOL, ["X"], attributes, nodes, opset)


def _convolution_add(opset: int) -> onnx.FunctionProto:
    added = [
        helper.make_node("DequantizeLinear", ["bytes", "Y_scale", "Y_zero_point"], ["y"]),
        helper.make_node("DequantizeLinear", _ADDED[:3], ["z"]),
        helper.make_node("Add", ["y", "z"], ["sum"]),
        helper.make_node("QuantizeLinear", ["sum", *_ADDED[3:]], ["Y"]),
    ]
    return _make(CONVOLUTION_ADD, [*_INPUTS, *_ADDED], _ATTRIBUTES, [*_nodes("bytes"), *added], opset)


def _nodes(result: str) -> list[onnx.NodeProto]:
    convolution = helper.make_node(
        "QLinearConv",
        ["map", "X_scale", "X_zero_point", "W", "W_scale", "W_zero_point", "Y_scale", "Y_zero_point", "B"],
        ["by_channel"],
    )
    convolution.attribute.extend(_referred(_ATTRIBUTES))
    return [
        helper.make_node("Transpose", ["X"], ["map"], perm=TO_CHANNELS_FIRST),
        helper.make_node("Constant", [], ["W_zero_point"], value=numpy_helper.from_array(np.int8(0))),
        convolution,
        helper.make_node("Transpose", ["by_channel"], [result], perm=TO_CHANNELS_LAST),
    ]


def _referred(names: Sequence[str]) -> list[onnx.AttributeProto]:
    """Attributes of a node within a function that are those of the function."""
    return [onnx.AttributeProto(name=name, ref_attr_name=name, type=onnx.AttributeProto.INTS) for name in names]


def _make(
    name: str, inputs: Sequence[str], attributes: Sequence[str], nodes: Sequence[onnx.NodeProto], opset: int
) -> onnx.FunctionProto:
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, VERSION)]
    return helper.make_function(DOMAIN, name, inputs, ["Y"], nodes, opsets, attributes)


_FUNCTIONS = {CONVOLUTION: _convolution, CONVOLUTION_ADD: _convolution_add, MAX_POOL: _max_pool}
