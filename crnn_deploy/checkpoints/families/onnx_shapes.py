"""The sizes that an ONNX model states for its only image and its first output."""

from __future__ import annotations

import onnx

from crnn_deploy.onnx_graph.structure import image_inputs


def input_sizes(model: onnx.ModelProto) -> tuple[int, ...]:
    """`(batch, channels, height, width)` with 0 for what is free; empty if there are several inputs, or other axes."""
    inputs = image_inputs(model)
    sizes = _sizes(inputs[0]) if len(inputs) == 1 else ()
    return sizes if len(sizes) == 4 else ()


def classes(model: onnx.ModelProto) -> int:
    """Last size of the first output; 0 if it is not stated."""
    sizes = _sizes(model.graph.output[0]) if model.graph.output else ()
    return sizes[-1] if sizes else 0


def has_lstm(model: onnx.ModelProto) -> bool:
    """Whether a node at the top level is an LSTM, quantized or not."""
    return any(node.op_type.endswith("LSTM") for node in model.graph.node)


def _sizes(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(max(0, size.dim_value) for size in value.type.tensor_type.shape.dim)
