"""Where a graph takes a sequence apart into its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from crnn_deploy.checkpoints.onnx.recurrence.steps.operators import Constant
from crnn_deploy.onnx_graph.attributes import attributes_of

_AXES = (0, 1, 2)  # that steps may have: in [T, N, D], [N, T, D] and [N, D, T]


@dataclass(frozen=True)
class Reads:
    """A sequence, and the tensors `[N, D]` that hold its steps.

    Attributes:
        source: the sequence.
        axis: the axis of the steps in it.
        tensors: of each step, in order, the tensors that hold it.
    """

    source: str
    axis: int
    tensors: Sequence[Sequence[str]]


def all_reads(graph: onnx.GraphProto, constants: Mapping[str, Constant]) -> list[Reads]:
    """The sequences of which all steps are read, from the first one to the last."""
    found: dict[tuple[str, int], dict[int, list[str]]] = {}
    without_axis = _WithoutAxis(graph, constants)
    for node in graph.node:
        for source, axis, index, part in _parts_of(node, constants):
            tensor = part if axis is None else without_axis.of(part, axis)
            place = attributes_of(node).get("axis", 0) if axis is None else axis
            if tensor is not None:
                found.setdefault((source, place), {}).setdefault(index, []).append(tensor)
    return [
        Reads(source, axis, [steps[index] for index in range(len(steps))])
        for (source, axis), steps in found.items()
        if steps.keys() == set(range(len(steps)))
    ]


def _parts_of(node: onnx.NodeProto, constants: Mapping[str, Constant]) -> Iterator[tuple[str, int | None, int, str]]:
    """Source, axis, index and tensor of each single step that a node takes; the axis is None where it is gone."""
    axis = attributes_of(node).get("axis", 0)
    if node.op_type == "Gather" and axis in _AXES and node.input[1] in constants:
        indices = constants[node.input[1]]
        if indices.size == 1 and indices.reshape(()) >= 0:
            yield node.input[0], axis if indices.ndim else None, int(indices.reshape(())), node.output[0]
    elif node.op_type == "Split" and axis in _AXES:
        for index, output in enumerate(node.output):
            yield node.input[0], axis, index, output
    elif node.op_type == "Slice" and len(node.input) > 3 and all(name in constants for name in node.input[1:]):
        start, end, axes = (np.asarray(constants[name]).reshape(-1).tolist() for name in node.input[1:4])
        if len(axes) == 1 and axes[0] in _AXES and start[0] >= 0 and end[0] == start[0] + 1:
            yield node.input[0], axes[0], start[0], node.output[0]


class _WithoutAxis:
    """Follows a tensor `[1, N, D]`, or with the axes in another order, to where the axis of length one is gone."""

    def __init__(self, graph: onnx.GraphProto, constants: Mapping[str, Constant]) -> None:
        self._constants = constants
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            if node.op_type in ("Squeeze", "Transpose"):
                self._readers.setdefault(node.input[0], []).append(node)

    def of(self, name: str, axis: int) -> str | None:
        """The tensor `[N, D]` that `name` becomes without its axis `axis`."""
        for node in self._readers.get(name, ()):
            attributes = attributes_of(node)
            if node.op_type == "Squeeze" and self._axes(node, attributes) == [axis]:
                return str(node.output[0])
            order = list(attributes.get("perm", ()))
            kept = [other for other in order if other != axis]
            if axis in order and kept == sorted(kept):
                return self.of(node.output[0], order.index(axis))
        return None

    def _axes(self, node: onnx.NodeProto, attributes: Mapping[str, Sequence[int]]) -> list[int]:
        if len(node.input) > 1 and node.input[1] in self._constants:
            return [int(each) for each in self._constants[node.input[1]].reshape(-1)]
        return list(attributes.get("axes", ()))
