"""Say in a constant which sizes a Reshape keeps, where the exporter computes them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.wiring import Constants, all_constants, producers_of

_FIRST_AXES = ((0,), (0,), (1,))  # start, axes and steps of a Slice that takes the first sizes


def keep_sizes_by_constants(graph: onnx.GraphProto) -> None:
    """Replace the computed shape of each flattened tensor by a constant, in place.

    PyTorch's `flatten` becomes a Shape, a Slice and a Concat beside the Reshape. ONNX can say the same in the constant
    shape, where 0 keeps a size. What computed the shape is left for `prune`.
    """
    producers, constants = producers_of(graph), all_constants(graph)
    for node in graph.node:
        if node.op_type != "Reshape" or attributes_of(node).get("allowzero"):
            continue
        sizes = _kept_and_stated(node, producers, constants)
        if sizes:
            name = f"{node.output[0]}_sizes"
            graph.initializer.append(numpy_helper.from_array(np.array(sizes, np.int64), name))
            node.input[1] = name


def _kept_and_stated(
    reshape: onnx.NodeProto, producers: dict[str, onnx.NodeProto], constants: Constants
) -> list[int] | None:
    """The shape: 0 for each of the first sizes, and what follows; None unless it is computed from just these."""
    concat = producers.get(reshape.input[1])
    if concat is None or concat.op_type != "Concat" or len(concat.input) != 2 or concat.input[1] not in constants:
        return None
    kept = _first_sizes(concat.input[0], reshape.input[0], producers, constants)
    stated = constants[concat.input[1]].tolist()
    return [0] * kept + stated if kept and 0 not in stated else None


def _first_sizes(name: str, tensor: str, producers: dict[str, onnx.NodeProto], constants: Constants) -> int:
    """How many sizes of `tensor`, from the first on, make up the tensor `name`; 0 if it holds something else."""
    cut = producers.get(name)
    if cut is None or cut.op_type != "Slice" or not constants.keys() >= {*cut.input[1:]}:
        return 0
    shape = producers.get(cut.input[0])
    if shape is None or shape.op_type != "Shape" or shape.input[0] != tensor or any(attributes_of(shape).values()):
        return 0
    start, end, *rest = (tuple(constants[given].ravel().tolist()) for given in cut.input[1:])
    return end[0] if (start, *rest) == _FIRST_AXES[: 1 + len(rest)] and end[0] > 0 else 0
