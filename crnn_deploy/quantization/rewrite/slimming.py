"""Shrink the file: short names, shared constants, no attributes with default values."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator
from typing import Any

import onnx
from onnx import helper

from crnn_deploy.onnx_graph.wiring import nested

_DIGITS = string.ascii_lowercase + string.digits

# Attributes with a default value; `kernel_shape` follows from the weight.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "Conv": {"auto_pad": b"NOTSET", "group": 1},
    "MaxPool": {"auto_pad": b"NOTSET", "ceil_mode": 0, "storage_order": 0},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
    "DequantizeLinear": {"axis": 1},
    "GRU": {"layout": 0},
    "LSTM": {"layout": 0, "input_forget": 0},
}
# The same for attributes with one number for each axis or side, which all have this default.
_UNIFORM_DEFAULTS = {"dilations": 1, "strides": 1, "pads": 0}
_WINDOWED = ("Conv", "MaxPool")


def slim(model: onnx.ModelProto) -> None:
    """Make the file smaller, in place, without changing what it computes.

    In small networks the names of tensors and nodes take as much space as the biases. Inputs, outputs and local
    functions keep their names; the record of the quantization names layers as the FP32 parent does.
    """
    graph = model.graph
    if len(list(nested(graph))) > 1:
        return  # branches refer to the names outside
    del graph.value_info[:]  # runtimes infer the shapes themselves
    graph.doc_string = ""
    _share_constants(graph)
    for node in graph.node:
        node.name = node.doc_string = ""
        _drop_defaults(node)
    _shorten_names(graph)


def _share_constants(graph: onnx.GraphProto) -> None:
    """Keep one of each group of equal initializers."""
    first: dict[bytes, str] = {}
    replaced: dict[str, str] = {}
    kept = []
    outputs = {value.name for value in graph.output}
    for tensor in graph.initializer:
        unnamed = onnx.TensorProto()
        unnamed.CopyFrom(tensor)
        unnamed.name = unnamed.doc_string = ""
        tensor.doc_string = ""
        original = first.setdefault(unnamed.SerializeToString(deterministic=True), tensor.name)
        replaced[tensor.name] = original
        if original == tensor.name or tensor.name in outputs:
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for node in graph.node:
        node.input[:] = [replaced.get(name, name) for name in node.input]


def _drop_defaults(node: onnx.NodeProto) -> None:
    defaults = _DEFAULTS.get(node.op_type, {})
    kept = []
    for attribute in node.attribute:
        attribute.doc_string = ""
        value = helper.get_attribute_value(attribute)
        uniform = _UNIFORM_DEFAULTS.get(attribute.name) if node.op_type in _WINDOWED else None
        default = attribute.name in defaults and value == defaults[attribute.name]
        default |= uniform is not None and all(number == uniform for number in value)
        default |= node.op_type == "Conv" and attribute.name == "kernel_shape"
        if not default:
            kept.append(attribute)
    del node.attribute[:]
    node.attribute.extend(kept)


def _shorten_names(graph: onnx.GraphProto) -> None:
    """Number all tensors but the graph's inputs and outputs."""
    kept = {value.name for value in (*graph.input, *graph.output)}
    fresh = (name for name in _short_names() if name not in kept)
    names = {name: name for name in (*kept, "")}

    def short(name: str) -> str:
        if name not in names:
            names[name] = next(fresh)
        fresh_name: str = names[name]
        return fresh_name

    for tensor in graph.initializer:
        tensor.name = short(tensor.name)
    for node in graph.node:
        node.input[:] = [short(name) for name in node.input]
        node.output[:] = [short(name) for name in node.output]


def _short_names() -> Iterator[str]:
    for length in itertools.count(1):
        for letters in itertools.product(_DIGITS, repeat=length):
            if letters[0] in string.ascii_lowercase:
                yield "".join(letters)
