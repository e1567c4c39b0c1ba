"""A recurrent layer that was found in a graph, and the nodes that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from crnn_deploy.checkpoints.onnx.recurrence.steps.cells import Cell
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import Numbers
from crnn_deploy.onnx_graph.reserved_names import ReservedNames

NAMES = ReservedNames("recurrence::", "finding recurrent layers")
"""Names of what this folder adds to a graph."""


@dataclass(frozen=True)
class Layer:
    """A recurrent layer in one direction.

    Attributes:
        name: what distinguishes its tensors from those of others.
        cell: its step.
        source: the tensor that it reads.
        axis: the axis of the steps in the source; the first of the others is that of the images.
        reverse: whether it begins with the last step.
        initial: the states `[N, H]` that it begins with, by name; `""` are zeros.
    """

    name: str
    cell: Cell
    source: str
    axis: int = 0
    reverse: bool = False
    initial: Sequence[str] = ()

    @property
    def sequence(self) -> str:
        """The tensor `[T, N, H]` with its outputs."""
        return NAMES.name_for("sequence", self.name)

    @property
    def last(self) -> tuple[str, ...]:
        """The tensors `[N, H]` with its states after the last step: h, and an LSTM's c."""
        states = ("h", "c") if self.cell.operator == "LSTM" else ("h",)
        return tuple(NAMES.name_for(f"last {state}", self.name) for state in states)

    def add_to(self, graph: onnx.GraphProto) -> None:
        """Append the layer's nodes and weights."""
        cell = self.cell
        made = [NAMES.name_for(role, self.name) for role in ("Y", "Y_h", "Y_c")[: 1 + len(self.last)]]
        weights = [self._store(graph, f"weights {index}", array) for index, array in enumerate(_weights(cell))]
        source = self.source
        if self.axis:
            source = _with_steps_first(graph, source, self.axis)
        directions = self._store(graph, "axis of directions", np.array([1]))
        leading = self._store(graph, "first axis", np.array([0]))
        states = [name and self._with_direction(graph, name, leading) for name in self.initial]
        inputs = [source, *weights, "", *states]
        while not inputs[-1]:
            inputs.pop()
        node = helper.make_node(
            cell.operator, inputs, made, NAMES.name_for("node", self.name), hidden_size=cell.h.width
        )
        _set_attributes(node, cell, self.reverse)
        graph.node.append(node)
        graph.node.append(helper.make_node("Squeeze", [made[0], directions], [self.sequence], self.sequence))
        for state, last in zip(made[1:], self.last, strict=True):
            graph.node.append(helper.make_node("Squeeze", [state, leading], [last], last))

    def _store(self, graph: onnx.GraphProto, role: str, array: NDArray[Any]) -> str:
        name = NAMES.name_for(role, self.name)
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _with_direction(self, graph: onnx.GraphProto, state: str, axis: str) -> str:
        """A state `[N, H]` as `[1, N, H]`."""
        name = NAMES.name_for(f"initial {state}", self.name)
        graph.node.append(helper.make_node("Unsqueeze", [state, axis], [name], name))
        return name


def _with_steps_first(graph: onnx.GraphProto, source: str, axis: int) -> str:
    """The source as `[T, N, D]`, made once for all layers that read it."""
    name = NAMES.name_for(f"steps first of axis {axis}", source)
    if not any(name in node.output for node in graph.node):
        graph.node.append(helper.make_node("Transpose", [source], [name], name, perm=steps_first(axis)))
    return name


def steps_first(axis: int) -> list[int]:
    """The order of the axes that brings the steps of `[T, N, D]`, `[N, T, D]` or `[N, D, T]` to the front."""
    return [axis, *(other for other in range(3) if other != axis)]


def steps_at(axis: int) -> list[int]:
    """The order of the axes that brings the steps of `[T, N, D]` to this place."""
    return [steps_first(axis).index(place) for place in range(3)]


def add_turn(graph: onnx.GraphProto, sequence: str, output: str) -> None:
    """Append the sequence `[T, N, D]` from its last step to its first."""
    bounds = [NAMES.name_for(role, output) for role in ("last", "before the first", "axis of steps", "backwards")]
    for name, number in zip(bounds, (-1, np.iinfo(np.int64).min + 1, 0, -1), strict=True):
        graph.initializer.append(numpy_helper.from_array(np.array([number]), name))
    graph.node.append(helper.make_node("Slice", [sequence, *bounds], [output], output))


def _weights(cell: Cell) -> tuple[Numbers, Numbers, Numbers]:
    """W `[1, gates · H, D]`, R `[1, gates · H, H]` and B `[1, 2 · gates · H]`."""
    of_x = np.concatenate([gate.of_x.T for gate in cell.gates])
    of_h = np.concatenate([gate.of_h.T for gate in cell.gates])
    biases = [gate.bias for gate in cell.gates] + [gate.bias_of_h for gate in cell.gates]
    return of_x[np.newaxis], of_h[np.newaxis], np.concatenate(biases)[np.newaxis]


def _set_attributes(node: onnx.NodeProto, cell: Cell, reverse: bool) -> None:
    """Those that differ from ONNX's defaults."""
    values: dict[str, object] = {"direction": "reverse"} if reverse else {}
    if cell.reset_after:
        values["linear_before_reset"] = 1
    if not cell.usual:
        values["activations"] = [function.name for function in cell.functions]
        if hard := [function for function in cell.functions if function.name == "HardSigmoid"]:
            values["activation_alpha"] = [function.alpha for function in hard]
            values["activation_beta"] = [function.beta for function in hard]
    node.attribute.extend(helper.make_attribute(name, value) for name, value in values.items())
