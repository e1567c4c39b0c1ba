"""`QLinearGRU` and `QLinearLSTM`: `QGRU` and `QLSTM` between layers whose results are INT8, as ONNX functions.

Around a `QGRU` between a convolution and a matrix product in INT8 stand seven nodes that change number formats and
layouts; each costs about a microsecond. These ops take a feature map as convolutions give it and give rows as the
product takes them. Their bodies consist of these nodes and a `QGRU` or `QLSTM`; so the file runs without our library.

Inputs: X uint8 [N, 1, T, C]; W, W_scale, R, R_scale and B, which is optional, of `QGRU` and `QLSTM`; and X_scale,
X_zero_point, Y_scale, Y_zero_point, without axes, as in `QuantizeLinear`.

Outputs: Y uint8 [N, T, D·H], and scale, which is Y_scale again: ONNX Runtime fuses a product with its bias only where
the scale is not constant. Attributes: `hidden_size` and `direction`.
"""

from __future__ import annotations

import onnx
from onnx import helper

from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import DOMAIN, LINEAR_RECURRENT, QUANTIZED_RECURRENT
from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS, VERSION, add_functions, define_functions, referred_attributes

_WEIGHTS = ["W", "W_scale", "R", "R_scale", "B"]
_BYTES = ["X_scale", "X_zero_point", "Y_scale", "Y_zero_point"]


def define_linear_functions(model: onnx.ModelProto) -> None:
    """Add to `model` the definition of each of these ops that it uses and does not define yet."""
    used = {node.op_type for node in model.graph.node if node.domain == DOMAIN}
    defined = {function.name for function in model.functions if function.domain == DOMAIN}
    missing = [own for own, name in LINEAR_RECURRENT.items() if name in used - defined]
    if missing:
        add_functions(model, (_function(own, opset_of(model)) for own in missing))
        define_functions(model)


def _function(own: str, opset: int) -> onnx.FunctionProto:
    """Definition of the op that is `own` between INT8 neighbours."""
    standard = next(name for name, op in QUANTIZED_RECURRENT.items() if op == own)
    outputs = ["states", *[""] * (len(OUTPUTS[standard]) - 1)]  # shape inference wants all that the function has
    layer = helper.make_node(own, ["steps", *_WEIGHTS], outputs, domain=DOMAIN)
    layer.attribute.extend(referred_attributes())
    nodes = [
        helper.make_node("DequantizeLinear", ["X", *_BYTES[:2]], ["map"]),
        helper.make_node("Constant", [], ["rows"], value_ints=[1]),
        helper.make_node("Squeeze", ["map", "rows"], ["line"]),
        helper.make_node("Transpose", ["line"], ["steps"], perm=[1, 0, 2]),
        layer,
        helper.make_node("Transpose", ["states"], ["by_sample"], perm=[2, 0, 1, 3]),
        helper.make_node("Constant", [], ["merged"], value_ints=[0, 0, -1]),
        helper.make_node("Reshape", ["by_sample", "merged"], ["result"]),
        helper.make_node("QuantizeLinear", ["result", *_BYTES[2:]], ["Y"]),
        helper.make_node("Identity", ["Y_scale"], ["scale"]),
    ]
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, VERSION)]
    return helper.make_function(
        DOMAIN,
        LINEAR_RECURRENT[own],
        ["X", *_WEIGHTS, *_BYTES],
        ["Y", "scale"],
        nodes,
        opsets,
        [attribute.name for attribute in referred_attributes()],
    )
