"""Replace GRU and LSTM layers by `QGRU` and `QLSTM`: INT8 weights, and INT8 arithmetic where our kernels run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import onnx
from onnx import helper, numpy_helper

from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.int8_rows import quantize_rows
from crnn_deploy.onnx_graph.operators import DOMAIN, QUANTIZED_RECURRENT
from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS, define_functions
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.wiring import names_read

# The values of attributes, where they are present, of a layer as PyTorch defines it.
_STANDARD = {"layout": 0, "input_forget": 0}
_ACTIVATIONS = {"GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}  # of each direction
_PEEPHOLES = 7
_ROW_AXES = 2  # weights are [directions, gates × hidden, columns]; each row has a scale of its own


def is_quantizable(node: onnx.NodeProto, constants: Collection[str]) -> bool:
    """Whether our ops can replace a node: a GRU or LSTM as PyTorch defines it, with constant weights."""
    return node.op_type in QUANTIZED_RECURRENT and not obstacle(node, constants)


def obstacle(node: onnx.NodeProto, constants: Collection[str]) -> str:
    """Why our ops cannot replace a recurrent node, in a few words; empty where they can."""
    if node.op_type not in QUANTIZED_RECURRENT:
        return f"there is no {node.op_type} in INT8"
    if not {node.input[1], node.input[2]} <= set(constants):
        return "its weights are computed, or are not FP32"
    if len(node.input) > _PEEPHOLES and node.input[_PEEPHOLES]:
        return "it has peepholes"
    attributes = attributes_of(node)
    if "hidden_size" not in attributes:
        return "it has no hidden_size"
    activations = [name.decode(errors="replace") for name in attributes.get("activations", [])]
    defaults = _ACTIVATIONS[node.op_type]
    if activations != defaults * (len(activations) // len(defaults)):
        return f"its activations are {', '.join(activations)}"
    for name, usual in _STANDARD.items():
        if attributes.get(name, usual) != usual:
            return f"{name} is {attributes[name]}"
    if "clip" in attributes:
        return f"it clips at {attributes['clip']:g}"
    if node.op_type == "GRU" and attributes.get("linear_before_reset") != 1:
        return "linear_before_reset is 0: its reset gate comes before the recurrent product, unlike PyTorch's"
    return ""


def quantize_recurrent(model: onnx.ModelProto, layers: Collection[str]) -> None:
    """Replace the recurrent nodes named in `layers`, in place, by our ops, and add their definitions to the model.

    Every layer must satisfy `is_quantizable`. Biases and states stay FP32.
    """
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    stored: dict[str, tuple[str, str]] = {}
    for node in model.graph.node:
        if node.name not in layers or node.op_type not in QUANTIZED_RECURRENT:
            continue
        for name in node.input[1:3]:
            if name not in stored:
                stored[name] = _store(model.graph, weights, name)
        _replace(node, stored)
    for name in stored.keys() - names_read(model.graph):
        model.graph.initializer.remove(weights[name])
    define_functions(model)


def _store(graph: onnx.GraphProto, weights: Mapping[str, onnx.TensorProto], name: str) -> tuple[str, str]:
    """Add the INT8 form of a weight to the graph, once for all layers that share it: the names of rows and scales."""
    names = INT8_NAMES.name_for("recurrent", name), INT8_NAMES.name_for("recurrent_scale", name)
    if names[0] not in weights:  # else another layer shares it, and was quantized before
        arrays = quantize_rows(numpy_helper.to_array(weights[name]), _ROW_AXES)
        graph.initializer.extend(map(numpy_helper.from_array, arrays, names))
    return names


def _replace(node: onnx.NodeProto, stored: dict[str, tuple[str, str]]) -> None:
    attributes = attributes_of(node)
    inputs = [node.input[0], *stored[node.input[1]], *stored[node.input[2]], *node.input[3:_PEEPHOLES]]
    outputs = len(OUTPUTS[node.op_type])  # ONNX's shape inference wants a node to list all that the function has
    replacement = helper.make_node(
        QUANTIZED_RECURRENT[node.op_type],
        inputs,
        [*node.output, *[""] * (outputs - len(node.output))],
        node.name,
        domain=DOMAIN,
        hidden_size=attributes["hidden_size"],
        direction=attributes.get("direction", b"forward"),
    )
    node.CopyFrom(replacement)
