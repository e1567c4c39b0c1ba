"""Multiply-accumulates of any ONNX graph, from the shapes of a run."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto

from crnn_deploy.errors import InputError
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.limits import MAX_ELEMENTS
from crnn_deploy.onnx_graph.execution import load_session, quiet_options, run_within_limit
from crnn_deploy.onnx_graph.operators import OPERANDS, RECURRENT_WEIGHTS
from crnn_deploy.onnx_graph.recurrent_steps import RecurrentSteps
from crnn_deploy.runtime.network import VECTOR_INPUT

_IMAGE_TYPES = (
    *(TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE),
    *(TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32, TensorProto.INT64),
)

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
    if not input_shape:
        raise InputError("The input of the model is a single number, and no image.")
    images = _fixed_batch(graph) or input_shape[0]  # a graph that fixes how many it takes runs with no fewer
    shapes = _run_for_shapes(graph, (images, *input_shape[1:]))
    return [(node, macs_of(node, shapes) * input_shape[0] // images) for node in graph.products]


def _fixed_batch(graph: OnnxGraph) -> int:
    """Images that the graph takes at once; 0 where that is free."""
    sizes = graph.inputs[0].type.tensor_type.shape.dim if graph.inputs else []
    return max(0, int(sizes[0].dim_value)) if sizes else 0


def macs_of(node: onnx.NodeProto, shapes: TensorShapes) -> int:
    """Multiply-accumulates of a node that multiplies, from the shapes of its inputs and outputs by their names."""
    activations, weights = (shapes[node.input[index]] for index in OPERANDS[node.op_type])
    if node.op_type in RECURRENT_WEIGHTS:
        return prod(activations[:-1]) * sum(
            prod(shapes[node.input[index]]) for index in RECURRENT_WEIGHTS[node.op_type]
        )
    outputs = prod(shapes[node.output[0]])
    if "Conv" in node.op_type:
        return outputs * prod(weights[1:])
    transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
    return outputs * activations[0 if transposed else -1]


def _run_for_shapes(graph: OnnxGraph, input_shape: tuple[int, ...]) -> TensorShapes:
    """TensorShapes of all that goes into and out of the products."""
    if len(graph.inputs) != 1 + sum(value.name == VECTOR_INPUT for value in graph.inputs[1:]):
        raise InputError(f"The model has {len(graph.inputs)} inputs, expected one image, or one and a vector.")
    fed, *others = graph.inputs
    feeds = {
        fed.name: _zeros(fed, input_shape),
        **{v.name: _zeros(v, _vector_shape(v, input_shape[0])) for v in others},
    }
    shapes: TensorShapes = {name: tuple(tensor.dims) for name, tensor in graph.constants.items()} | {
        name: values.shape for name, values in feeds.items()
    }
    names = {name for node in graph.products for name in (*node.input[:4], node.output[0]) if name} - shapes.keys()
    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in sorted(names))
    options = quiet_options()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    RecurrentSteps(model, options, "The model").check(feeds[fed.name])
    session = load_session(model, options, "the model")
    values = run_within_limit(session, None, feeds, "the model")
    return shapes | {output.name: value.shape for output, value in zip(session.get_outputs(), values, strict=True)}


def _vector_shape(fed: onnx.ValueInfoProto, images: int) -> tuple[int, ...]:
    """`(N, K)` of a vector beside each image; K is 1 where the graph leaves it open."""
    return (images, *(max(1, int(size.dim_value)) for size in fed.type.tensor_type.shape.dim[1:]))


def _zeros(fed: onnx.ValueInfoProto, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """A black image, or a vector, of the type that an input takes."""
    kind = fed.type.tensor_type.elem_type
    if kind not in _IMAGE_TYPES or prod(shape) > MAX_ELEMENTS:
        raise InputError(f"The input {fed.name} is no image, or a very large one.")
    return np.zeros(shape, onnx.helper.tensor_dtype_to_np_dtype(kind))
