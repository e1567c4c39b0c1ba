"""`CrnnGru`: a GRU without its input projection, as a plugin for TensorRT and a function for everything else.

    z = σ(Gz + Rz·h)    r = σ(Gr + Rr·h)    n = tanh(Gh + r·(Rh·h + b_hn))    h' = (1 - z)·n + z·h

Inputs, of D directions and H units, in FP32 or FP16; the gates hold the projected image and all biases but one:

    gates [N, T, D·3H]   R [D, 3H, H]   b_hn [D, H]   sequence_lens int32 [N]   initial_h [D, N, H]

The last two are optional; TensorRT's parser allows no gaps, so present inputs follow each other, and all nodes of a
model have the same ones. Output: Y [N, T, D·H]. Attributes: `hidden_size` and `direction`, as of ONNX's GRU.

TensorRT runs its plugin of this name. The function's body is standard ONNX in FP32, a GRU whose input weight is the
identity, so that ONNX Runtime can execute the very graph that an engine is built from.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.operators import DOMAIN
from crnn_deploy.onnx_graph.qgru_qlstm import add_functions


def recurrence_node(name: str, inputs: list[str], output: str, hidden: int, direction: str) -> onnx.NodeProto:
    """A node of the op, without its empty inputs."""
    return helper.make_node(
        PLUGIN_NAME,
        [tensor for tensor in inputs if tensor],
        [output],
        name,
        domain=DOMAIN,
        hidden_size=hidden,
        direction=direction,
        plugin_version=PLUGIN_VERSION,
        plugin_namespace="",
    )


def is_recurrence(node: onnx.NodeProto) -> bool:
    return bool(node.domain == DOMAIN and node.op_type == PLUGIN_NAME)


def define_recurrence(model: onnx.ModelProto, lengths: bool, state: bool) -> None:
    """Add the function to a model; `lengths` and `state` are whether its nodes have these optional inputs."""
    add_functions(model, [_function(opset_of(model), ["sequence_lens"] * lengths, ["initial_h"] * state)])


def _function(opset: int, lengths: list[str], state: list[str]) -> onnx.FunctionProto:
    floats = ["gates", "R", "b_hn", *state]
    layer_inputs = ["x", "W", "R_float", "B", *(lengths or [""]), *(f"{name}_float" for name in state)]
    layer = helper.make_node("GRU", layer_inputs, ["y"], linear_before_reset=1)
    for name, kind in (("hidden_size", onnx.AttributeProto.INT), ("direction", onnx.AttributeProto.STRING)):
        layer.attribute.append(onnx.AttributeProto(name=name, ref_attr_name=name, type=kind))
    body = [
        *map(_cast, floats),
        helper.make_node("Transpose", ["gates_float"], ["x"], perm=[1, 0, 2]),
        # The identity [D·3H, D·3H] as weight [D, 3H, D·3H].
        helper.make_node("Shape", ["gates"], ["columns"], start=2, end=3),
        helper.make_node("Shape", ["R"], ["rows"], start=0, end=2),
        helper.make_node("Concat", ["columns", "columns"], ["square"], axis=0),
        helper.make_node("ConstantOfShape", ["square"], ["nothing"]),
        helper.make_node("EyeLike", ["nothing"], ["identity"], dtype=TensorProto.FLOAT),
        helper.make_node("Concat", ["rows", "columns"], ["W_shape"], axis=0),
        helper.make_node("Reshape", ["identity", "W_shape"], ["W"]),
        # The biases [D, 6H]: only the last sixth is not zero; the others are in the gates.
        helper.make_node("Sub", ["b_hn_float", "b_hn_float"], ["zero"]),
        helper.make_node("Concat", [*["zero"] * 5, "b_hn_float"], ["B"], axis=1),
        layer,
        helper.make_node("Transpose", ["y"], ["y_by_line"], perm=[2, 0, 1, 3]),
        helper.make_node("Constant", [], ["Y_shape"], value_ints=[0, 0, -1]),
        helper.make_node("Reshape", ["y_by_line", "Y_shape"], ["Y_float"]),
        helper.make_node("CastLike", ["Y_float", "gates"], ["Y"]),
    ]
    inputs = ["gates", "R", "b_hn", *lengths, *state]
    imports = [helper.make_opsetid("", opset)]
    return helper.make_function(DOMAIN, PLUGIN_NAME, inputs, ["Y"], body, imports, ["hidden_size", "direction"])


def _cast(name: str) -> onnx.NodeProto:
    return helper.make_node("Cast", [name], [f"{name}_float"], to=TensorProto.FLOAT)
