"""Weights of what still runs in FP32, stored as INT8: they make the file small, not the model fast."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

# Operator → its weight inputs, and how many leading axes tell rows apart, each of which has a scale of its own.
# Recurrent W and R are [directions, gates × hidden, columns]; a (depthwise) convolution's is [outputs, inputs, h, w].
_STORED = {"GRU": ((1, 2), 2), "LSTM": ((1, 2), 2), "Conv": ((1,), 1)}


def store_weights_as_int8(model: onnx.ModelProto, exact: Collection[str] = ()) -> int:
    """Replace FP32 weights of recurrent layers and unquantized convolutions, in place, by INT8 and scales per row.

    Nodes named in `exact` keep theirs, and so does whoever shares them.

    Cast and Mul bring them back to FP32. These depend on constants alone, so ONNX Runtime folds them when it loads the
    model and they cost nothing per image; `DequantizeLinear` would not be folded, and cost a fifth of the speed.
    Biases stay FP32. Returns how many weights were replaced.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
    decoders: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name in exact:
            for name in node.input:
                weights.pop(name, None)
    for node in list(graph.node):
        inputs, row_axes = _STORED.get(node.op_type, ((), 0))
        for name in (node.input[index] for index in inputs):
            tensor = weights.pop(name, None)  # layers may share weights: each is stored once
            if tensor is None:
                continue
            rows, scale = quantize_rows(numpy_helper.to_array(tensor), row_axes)
            graph.initializer.remove(tensor)
            graph.initializer.append(numpy_helper.from_array(rows, f"{name}_int8"))
            graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
            decoders += _decoder(name)
    nodes = [*decoders, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return len(decoders) // 2


def quantize_rows(weights: NDArray[np.float32], row_axes: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric INT8 with one scale per row, where the first `row_axes` axes tell rows apart.

    Returns int8 of the same shape and FP32 scales that broadcast to it. Each weight moves by at most half its row's
    scale.
    """
    columns = tuple(range(row_axes, weights.ndim))
    largest = np.abs(weights).max(axis=columns, keepdims=True)
    scale = np.where(largest > 0, largest / np.float32(127), np.float32(1)).astype(np.float32)
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def _decoder(name: str) -> list[onnx.NodeProto]:
    """The nodes that compute the FP32 tensor `name` from what is stored."""
    return [
        helper.make_node("Cast", [f"{name}_int8"], [f"{name}_cast"], f"{name}_cast", to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_cast", f"{name}_scale"], [name], f"{name}_mul"),
    ]
