"""Multiply-accumulates of any ONNX graph, from the shapes of a run."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
import onnxruntime as ort

from crnn_deploy.errors import InputError
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.onnx_graph.operators import OPERANDS, RECURRENT_WEIGHTS

TensorShapes = dict[str, tuple[int, ...]]


def onnx_macs(graph: OnnxGraph, input_shape: tuple[int, ...]) -> int:
    """Multiply-accumulates of convolutions, matrix products and recurrent layers for one input.

    Graphs with dynamic sizes often compute shapes from shapes, which static inference can't follow: the graph is run.

    Raises:
        InputError: if the model doesn't take one image, or doesn't run.
    """
    return sum(macs for _, macs in _counted(graph, input_shape))


def product_macs(graph: OnnxGraph, input_shape: tuple[int, ...]) -> dict[str, int]:
    """The same for each product by its name; every node must have a name of its own."""
    return {node.name: macs for node, macs in _counted(graph, input_shape)}


def _counted(graph: OnnxGraph, input_shape: tuple[int, ...]) -> list[tuple[onnx.NodeProto, int]]:
    shapes = _run_for_shapes(graph, input_shape)
    return [(node, _macs(node, shapes)) for node in graph.products]


def _macs(node: onnx.NodeProto, shapes: TensorShapes) -> int:
    activations, weights = (shapes[node.input[index]] for index in OPERANDS[node.op_type])
    if node.op_type in RECURRENT_WEIGHTS:
        return prod(activations[:2]) * sum(prod(shapes[node.input[index]]) for index in RECURRENT_WEIGHTS[node.op_type])
    outputs = prod(shapes[node.output[0]])
    if "Conv" in node.op_type:
        return outputs * prod(weights[1:])
    transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return outputs * activations[0 if transposed else -1]


def _run_for_shapes(graph: OnnxGraph, input_shape: tuple[int, ...]) -> TensorShapes:
    """TensorShapes of all that goes into and out of the products."""
    if len(graph.inputs) != 1:
        raise InputError(f"The model has {len(graph.inputs)} inputs, expected one image.")
    fed = graph.inputs[0]
    shapes: TensorShapes = {name: tuple(tensor.dims) for name, tensor in graph.constants.items()} | {
        fed.name: input_shape
    }
    names = {name for node in graph.products for name in (*node.input[:4], node.output[0]) if name} - shapes.keys()
    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in sorted(names))
    dtype = onnx.helper.tensor_dtype_to_np_dtype(fed.type.tensor_type.elem_type)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        values = session.run(None, {fed.name: np.zeros(input_shape, dtype)})
    except Exception as error:  # ONNX Runtime raises a class of its own for each status code
        raise InputError(f"ONNX Runtime cannot run the model on {list(input_shape)}.", str(error)) from None
    return shapes | {output.name: value.shape for output, value in zip(session.get_outputs(), values, strict=True)}
