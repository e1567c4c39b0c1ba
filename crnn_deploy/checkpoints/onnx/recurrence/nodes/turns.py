"""Sequences that are turned around before a layer and after it: the layer runs in the other direction instead.

Keras and hand-written code read a line backwards so; one layer in each direction can then share a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import onnx
from onnx import helper

from crnn_deploy.checkpoints.onnx.recurrence.nodes.layer import NAMES
from crnn_deploy.checkpoints.onnx.recurrence.steps.operators import Constant
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import RECURRENT
from crnn_deploy.onnx_graph.wiring import all_constants, producers_of

Orders = list[list[int]]
"""What is done to the order of the axes, one after the other."""

_STEPS = 0  # the axis of the steps in [T, N, D]
_DIRECTIONS = 1  # the axis of the directions in [T, D, N, H]


def changes(graph: onnx.GraphProto) -> Iterator[tuple[str, Callable[[onnx.GraphProto], None]]]:
    """What may be done to a copy of the graph, by a name. Whether it computes the same must be tried."""
    turns = _Turns(graph)
    for node in graph.node:
        axis = turns.axis_of(node)
        if axis is not None and turns.before(node.input[0], axis):
            yield f"turned back {node.output[0]}", partial(_turn_back, name=node.output[0])
        elif node.op_type in RECURRENT and turns.before(node.input[0], _STEPS) and turns.after(node.output[0]):
            yield f"other direction {node.output[0]}", partial(_change_direction, name=node.output[0])


def _turn_back(graph: onnx.GraphProto, name: str) -> None:
    """Take two turns out."""
    turns = _Turns(graph)
    node = turns.makers[name]
    axis = turns.axis_of(node)
    found = turns.before(node.input[0], axis) if axis is not None else None
    if found:
        node.output[0] = NAMES.name_for("turned back", name)
        _reorder(graph, *found, name)


def _change_direction(graph: onnx.GraphProto, name: str) -> None:
    """Let a layer run in the other direction, and take the turns before and after it out."""
    turns = _Turns(graph)
    node = turns.makers[name]
    found, after = turns.before(node.input[0], _STEPS), turns.after(name)
    backwards = attributes_of(node).get("direction") == b"reverse"
    kept = [attribute for attribute in node.attribute if attribute.name != "direction"]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute("direction", "forward" if backwards else "reverse")])
    if found:
        node.input[0] = NAMES.name_for("not turned", name)
        _reorder(graph, *found, node.input[0])
    for turn in after or ():
        output, turn.output[0] = turn.output[0], NAMES.name_for("former turn", turn.output[0])
        graph.node.append(helper.make_node("Identity", [turn.input[0]], [output], NAMES.name_for("same", output)))


def _reorder(graph: onnx.GraphProto, tensor: str, orders: Orders, output: str) -> None:
    """Append nodes that make `output` of a tensor by bringing its axes into these orders."""
    for number, order in enumerate(orders):
        name = NAMES.name_for(f"reordered {number}", output)
        graph.node.append(helper.make_node("Transpose", [tensor], [name], name, perm=order))
        tensor = name
    graph.node.append(helper.make_node("Identity", [tensor], [output], NAMES.name_for("turned", output)))


class _Turns:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self.makers = producers_of(graph)
        self._constants: Mapping[str, Constant] = all_constants(graph)
        self._outputs = {value.name for value in graph.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)

    def axis_of(self, node: onnx.NodeProto) -> int | None:
        """The axis that a node turns around; None for other nodes."""
        if node.op_type == "ReverseSequence":
            return int(attributes_of(node).get("time_axis", 0))
        if node.op_type != "Slice" or len(node.input) < 5:
            return None
        numbers = [self._constants[name].reshape(-1).tolist() for name in node.input[1:] if name in self._constants]
        whole = len(numbers) == 4 and numbers[0] == [-1] and numbers[1][0] < -(2**30) and numbers[3] == [-1]
        return int(numbers[2][0]) if whole and len(numbers[2]) == 1 else None

    def before(self, name: str, axis: int) -> tuple[str, Orders] | None:
        """The tensor that was turned around to become `name`, and the orders of axes since; None if none was."""
        node = self.makers.get(name)
        if node is None:
            return None
        if self.axis_of(node) == axis:
            return node.input[0], []
        if node.op_type == "Identity":
            return self.before(node.input[0], axis)
        if node.op_type != "Transpose" or "perm" not in attributes_of(node):
            return None
        order = list(attributes_of(node)["perm"])
        found = self.before(node.input[0], order[axis]) if axis < len(order) else None
        return (found[0], [*found[1], order]) if found else None

    def after(self, outputs: str) -> Sequence[onnx.NodeProto] | None:
        """The turns that all readers of a layer's outputs `[T, D, N, H]` begin with; None if some don't."""
        readers = self._readers.get(outputs, [])
        squeezed = [node for node in readers if node.op_type == "Squeeze" and self._axes(node) == [_DIRECTIONS]]
        if not squeezed or len(squeezed) < len(readers) or outputs in self._outputs:
            return None
        found: list[onnx.NodeProto] = []
        whole = all(self._collect(node.output[0], _STEPS, found) for node in squeezed)
        return found if whole and found else None

    def _collect(self, name: str, axis: int, found: list[onnx.NodeProto]) -> bool:
        for node in self._readers.get(name, ()):
            order = list(attributes_of(node).get("perm", ()))
            if self.axis_of(node) == axis:
                found.append(node)
            elif node.op_type == "Shape":  # a turn changes no sizes
                continue
            elif node.op_type == "Identity" or (node.op_type == "Transpose" and axis in order):
                if not self._collect(node.output[0], order.index(axis) if order else axis, found):
                    return False
            else:
                return False
        return name not in self._outputs

    def _axes(self, node: onnx.NodeProto) -> list[int]:
        constant = self._constants.get(node.input[1]) if len(node.input) > 1 else None
        return constant.reshape(-1).tolist() if constant is not None else list(attributes_of(node).get("axes", ()))
