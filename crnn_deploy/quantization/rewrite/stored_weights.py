"""Store the weights of FP32 layers as INT8, which makes the file smaller but not the model faster."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from crnn_deploy.onnx_graph.int8_rows import quantize_channels, quantize_rows
from crnn_deploy.onnx_graph.operators import PRODUCTS
from crnn_deploy.onnx_graph.products import channel_axis
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.wiring import Wiring

_RECURRENT_ROW_AXES = 2  # weights are [directions, gates × hidden, columns]


def store_weights_as_int8(model: onnx.ModelProto, layers: Collection[str]) -> None:
    """Replace FP32 weights of the named layers, in place, by INT8 with a scale for each row or output channel.

    The layers are from `find_layers`. Weights that other nodes read too stay FP32, and so do biases, and weights with
    rows so short that their scales would take more space than is saved.

    Cast and Mul convert the weights to FP32. Their inputs are constants, so ONNX Runtime folds them when it loads the
    model and they cost no time per image; it would not fold `DequantizeLinear`, which costs a fifth of the speed.
    """
    graph = model.graph
    wiring = Wiring(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    weights: dict[str, onnx.NodeProto] = {}  # layers may share one: it is stored once
    for node in graph.node:
        for name in _weights(node, layers):
            others = [reader for reader in wiring.consumers(name) if name not in _weights(reader, layers)]
            if not others and name not in wiring.outputs:
                weights.setdefault(name, node)
    decoders: list[onnx.NodeProto] = []
    for name, layer in weights.items():
        tensor = constants[name]
        values = numpy_helper.to_array(tensor)
        rows, scale = _quantize(values, layer)
        if rows.nbytes + scale.nbytes < values.nbytes:
            graph.initializer.remove(tensor)
            graph.initializer.append(numpy_helper.from_array(rows, INT8_NAMES.name_for("stored", name)))
            graph.initializer.append(numpy_helper.from_array(scale, INT8_NAMES.name_for("stored_scale", name)))
            decoders += _decoder(name)
    nodes = [*decoders, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _weights(node: onnx.NodeProto, layers: Collection[str]) -> list[str]:
    """The weights of a node, if it is one of `layers`."""
    if node.name not in layers:
        return []
    return list(node.input[1:2] if node.op_type in PRODUCTS else node.input[1:3])


def _quantize(weights: NDArray[np.float32], layer: onnx.NodeProto) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    if layer.op_type in PRODUCTS:
        return quantize_channels(weights, channel_axis(layer))
    return quantize_rows(weights, _RECURRENT_ROW_AXES)


def _decoder(name: str) -> list[onnx.NodeProto]:
    """The nodes that compute the FP32 tensor `name` from its stored form."""
    stored, scale, cast, product = (
        INT8_NAMES.name_for(role, name) for role in ("stored", "stored_scale", "cast", "decoded")
    )
    return [
        helper.make_node("Cast", [stored], [cast], cast, to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [cast, scale], [name], product),
    ]
