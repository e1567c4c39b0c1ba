"""Third-party ONNX models in FP16: their numbers as FP32, which holds each of them exactly."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.structure import image_inputs
from crnn_deploy.onnx_graph.wiring import feed_from, nested

_HALF = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
_TYPE_ATTRIBUTES = ("to", "dtype", "output_dtype")


def in_full_precision(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which all that was FP16 or BF16 is FP32; `model` itself where nothing was.

    ONNX Runtime's CPU provider computes FP16 graphs in FP32 with casts around each operator, quantization and engines
    start from FP32, and images come as FP32.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for body in (changed.graph, *changed.functions):
        for part in nested(body):
            _widen_part(part)
    if changed.SerializeToString(deterministic=True) == model.SerializeToString(deterministic=True):
        return model
    del changed.graph.value_info[:]  # runtimes infer them again
    return changed


def _widen_part(part: onnx.GraphProto | onnx.FunctionProto) -> None:
    for tensor in getattr(part, "initializer", ()):
        _widen_tensor(tensor)
    for node in part.node:
        for attribute in node.attribute:
            _widen_attribute(attribute)
    if isinstance(part, onnx.GraphProto):
        for value in (*part.input, *part.output, *part.value_info):
            if value.type.tensor_type.elem_type in _HALF:
                value.type.tensor_type.elem_type = TensorProto.FLOAT


def _widen_attribute(attribute: AttributeProto) -> None:
    if attribute.HasField("t"):
        _widen_tensor(attribute.t)
    for tensor in attribute.tensors:
        _widen_tensor(tensor)
    if attribute.name in _TYPE_ATTRIBUTES and attribute.type == AttributeProto.INT and attribute.i in _HALF:
        attribute.i = TensorProto.FLOAT


def _widen_tensor(tensor: TensorProto) -> None:
    if tensor.data_type in _HALF:
        name, text = tensor.name, tensor.doc_string
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), name))
        tensor.doc_string = text


def taking_floats(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose input is FP32 and is rounded or cast to the type that the graph takes; `model` if that is FP32.

    The graph must have one input.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    image = image_inputs(changed)[0]
    kind = image.type.tensor_type.elem_type
    if kind == TensorProto.FLOAT:
        return model
    name, cast, half = image.name, f"{image.name}_as_given", f"{image.name}_half"
    feed_from(changed.graph, name, cast)
    source, before = name, []
    if kind != TensorProto.DOUBLE:  # a cast to integers cuts off: the nearest one is meant
        changed.graph.initializer.append(numpy_helper.from_array(np.float32(0.5), half))
        source = f"{name}_rounded"
        before = [helper.make_node("Add", [name, half], [source], source)]
    nodes = [*before, helper.make_node("Cast", [source], [cast], cast, to=kind), *changed.graph.node]
    del changed.graph.node[:]
    changed.graph.node.extend(nodes)
    image.type.tensor_type.elem_type = TensorProto.FLOAT
    return changed
