"""Third-party ONNX models that take a fixed number of images: made to take any number, where the graph allows it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from crnn_deploy.onnx_graph.operators import RECURRENT
from crnn_deploy.onnx_graph.structure import image_inputs
from crnn_deploy.onnx_graph.wiring import all_constants

_BATCH = "batch"
_STATES = (5, 6)  # positions of the initial states among the inputs of a recurrent layer
_COPY, _INFER = 0, -1  # what Reshape does with an axis of this size


def with_free_batch(model: onnx.ModelProto, batch: int) -> onnx.ModelProto:
    """A copy that is declared to take any number of images instead of `batch`.

    Constant sizes of Reshape that stand for the batch are replaced, and initial states of zeros, which are the default,
    are left out. Whether the copy computes the same must be tried.
    """
    freed = onnx.ModelProto()
    freed.CopyFrom(model)
    graph = freed.graph
    set_batch(freed, None)
    del graph.value_info[:]
    constants = all_constants(graph)
    for node in graph.node:
        if node.op_type in RECURRENT:
            _leave_out_zero_states(node, constants)
    for position in range(len(graph.node)):
        if graph.node[position].op_type == "Reshape":
            _free_reshape(freed, graph.node[position], constants, batch)
    return freed


def set_batch(model: onnx.ModelProto, batch: int | None) -> None:
    """Declare, in place, how many images the inputs and outputs of a model hold; None: any number."""
    for value in image_inputs(model):
        sizes = value.type.tensor_type.shape.dim
        if sizes and batch is None:
            sizes[0].dim_param = _BATCH
        elif sizes:
            sizes[0].dim_value = batch or 0
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")  # the batch may be any of its axes


def _leave_out_zero_states(node: onnx.NodeProto, constants: dict[str, NDArray[np.generic]]) -> None:
    for index in _STATES:
        if len(node.input) > index and node.input[index] in constants and not constants[node.input[index]].any():
            node.input[index] = ""
    while node.input and not node.input[-1]:
        node.input.pop()


def _free_reshape(
    model: onnx.ModelProto, node: onnx.NodeProto, constants: dict[str, NDArray[np.generic]], batch: int
) -> None:
    """Let a Reshape copy or infer the batch that its constant sizes state."""
    if node.input[1] not in constants or batch not in constants[node.input[1]]:
        return
    sizes = constants[node.input[1]].astype(np.int64).tolist()
    given = _inferred_sizes(model, node.input[0])
    copied = [index for index, size in enumerate(sizes) if size == batch and given[index : index + 1] == [_BATCH]]
    if copied:
        sizes[copied[0]] = _COPY
    elif _INFER not in sizes:
        sizes[sizes.index(batch)] = _INFER
    else:
        return
    name = f"{node.input[1]}_free_{node.output[0]}"
    model.graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), name))
    node.input[1] = name


def _inferred_sizes(model: onnx.ModelProto, tensor: str) -> list[str | int]:
    """The sizes of a tensor: numbers, or names of free sizes; empty where ONNX can't tell."""
    if tensor in {value.name for value in image_inputs(model)}:
        inferred = model.graph
    else:
        try:
            inferred = onnx.shape_inference.infer_shapes(model).graph
        except onnx.shape_inference.InferenceError:
            return []
    return next((list(_sizes(value)) for value in (*inferred.value_info, *inferred.input) if value.name == tensor), [])


def _sizes(value: onnx.ValueInfoProto) -> Iterator[str | int]:
    for size in value.type.tensor_type.shape.dim:
        yield size.dim_param or size.dim_value
