"""Joins what a trace computes step by step and stacks again, into nodes that compute all steps at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from crnn_deploy.checkpoints.onnx.recurrence.nodes.layer import NAMES, add_turn, steps_at
from crnn_deploy.checkpoints.onnx.recurrence.steps.operators import Constant
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.wiring import producers_of

_BY_NUMBER = ("Add", "Sub", "Mul", "Sigmoid", "Tanh", "Relu", "Identity")
_LAST = (1, -1)  # the last axis of [N, D]
_OF_LAST_AXIS = ("Concat", "Softmax", "LogSoftmax")
_COMBINING = ("Add", "Concat")
_DEEPEST = 50


class Stacks:
    """Finds stacks of all steps of sequences `[T, N, D]`, and replaces them.

    Args:
        graph: is changed in place; what nothing reads any more stays in it, and new nodes are appended.
        constants: its constant tensors.
        steps: the tensors `[N, D]` of each step → the sequence and the step.
    """

    def __init__(
        self, graph: onnx.GraphProto, constants: Mapping[str, Constant], steps: Mapping[str, tuple[str, int]]
    ) -> None:
        self._graph = graph
        self._constants = constants
        self._steps = steps
        self._makers = producers_of(graph)
        self._lifted: dict[tuple[str, ...], str | None] = {}
        self._made = {output for node in graph.node for output in node.output}

    def join(self) -> None:
        """Let what each step combines of several sequences be a step of one: a layer may read that."""
        groups: dict[tuple[str, ...], dict[int, onnx.NodeProto]] = {}
        for node in self._graph.node:
            steps = [self._steps.get(name) for name in node.input]
            numbers = {step[1] for step in steps if step}
            if node.op_type in _COMBINING and all(steps) and len(numbers) == 1:
                groups.setdefault((node.op_type, *(step[0] for step in steps if step)), {})[numbers.pop()] = node
        for (_, *sources), nodes in groups.items():
            first = next(iter(nodes.values()))
            whole = nodes.keys() == set(range(self._length(sources[0]))) and all(
                _alike(first, n) for n in nodes.values()
            )
            sequence = self._add(first, sources) if whole else None
            for index, node in nodes.items() if sequence is not None else ():
                give_step(self._graph, node, sequence or "", index)

    def _length(self, sequence: str) -> int:
        return 1 + max(step for source, step in self._steps.values() if source == sequence)

    def replace(self) -> None:
        """Let each stack of all steps, and what was computed for each step, be computed of the sequences."""
        for node in list(self._graph.node):
            axis = attributes_of(node).get("axis")
            if node.op_type != "Concat" or axis not in (0, 1, 2):
                continue
            parts = [self._unsqueezed(name, axis) for name in node.input]
            sequence = self._sequence(tuple(filter(None, parts)), 0) if all(parts) else None
            if sequence is not None:
                self._rename(node, sequence, axis)

    def _rename(self, stack: onnx.NodeProto, sequence: str, axis: int) -> None:
        """Let the sequence take the place of the stack."""
        output = stack.output[0]
        stack.output[0] = NAMES.name_for("former", output)
        if axis:
            self._graph.node.append(helper.make_node("Transpose", [sequence], [output], output, perm=steps_at(axis)))
        else:
            self._graph.node.append(helper.make_node("Identity", [sequence], [output], output))

    def _unsqueezed(self, name: str, axis: int) -> str | None:
        """The tensor that was given the axis `axis`."""
        maker = self._makers.get(name)
        if maker is None or maker.op_type != "Unsqueeze":
            return None
        axes = attributes_of(maker).get("axes")
        if len(maker.input) > 1 and maker.input[1] in self._constants:
            axes = self._constants[maker.input[1]].reshape(-1).tolist()
        return maker.input[0] if axes is not None and list(axes) == [axis] else None

    def _sequence(self, names: tuple[str, ...], depth: int) -> str | None:
        """The sequence `[T, N, D]` whose steps are these tensors `[N, D]`, made where it is not there yet."""
        if names not in self._lifted:
            self._lifted[names] = self._known(names) or (self._computed(names, depth) if depth < _DEEPEST else None)
        return self._lifted[names]

    def _known(self, names: Sequence[str]) -> str | None:
        steps = [self._steps.get(name) for name in names]
        sequences, order = {step[0] for step in steps if step}, [step and step[1] for step in steps]
        if len(sequences) != 1 or order not in (list(range(len(names))), list(range(len(names)))[::-1]):
            return None
        sequence = sequences.pop()
        return sequence if order[0] == 0 else self._turned(sequence)

    def _turned(self, sequence: str) -> str:
        """The sequence from its last step to its first."""
        turned = NAMES.name_for("turned", sequence)
        if turned not in self._made:
            self._made.add(turned)
            add_turn(self._graph, sequence, turned)
        return turned

    def _computed(self, names: Sequence[str], depth: int) -> str | None:
        """What the same node computes for each step, computed for all of them."""
        makers = [self._makers.get(name) for name in names]
        first = makers[0]
        if first is None or any(maker is None or not _alike(first, maker) for maker in makers):
            return None
        inputs = []
        for column in zip(*(maker.input for maker in makers if maker is not None), strict=True):
            constant = len(set(column)) == 1 and column[0] in self._constants
            given = column[0] if constant else self._sequence(column, depth + 1)
            if given is None:
                return None
            inputs.append(given)
        return self._add(first, inputs)

    def _add(self, node: onnx.NodeProto, inputs: list[str]) -> str | None:
        """The node `node` for sequences instead of steps."""
        name = NAMES.name_for("all steps", node.output[0])
        attributes = attributes_of(node)
        if node.op_type in _BY_NUMBER and all(self._constants[i].ndim < 2 for i in inputs if i in self._constants):
            made = [helper.make_node(node.op_type, inputs, [name], name)]
        elif node.op_type in _OF_LAST_AXIS and attributes.get("axis", -1) in _LAST and self._all_sequences(inputs):
            made = [helper.make_node(node.op_type, inputs, [name], name, axis=2)]
        elif node.op_type == "MatMul" and inputs[1] in self._constants:
            made = [helper.make_node("MatMul", inputs, [name], name)]
        elif node.op_type == "Gemm" and inputs[1] in self._constants:
            made = self._products(attributes, inputs, name)
        else:
            return None
        self._graph.node.extend(made)
        return name

    def _all_sequences(self, inputs: Sequence[str]) -> bool:
        return not any(name in self._constants for name in inputs)

    def _products(self, attributes: Mapping[str, Any], inputs: list[str], name: str) -> list[onnx.NodeProto]:
        """A Gemm, which knows two axes alone, as a MatMul and an Add."""
        matrix = self._constants[inputs[1]]
        stored = NAMES.name_for("matrix", name)
        matrix = (matrix.T if attributes.get("transB") else matrix) * np.float32(attributes.get("alpha", 1.0))
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(matrix), stored))
        if len(inputs) < 3:
            return [helper.make_node("MatMul", [inputs[0], stored], [name], name)]
        product = NAMES.name_for("product", name)
        return [
            helper.make_node("MatMul", [inputs[0], stored], [product], product),
            helper.make_node("Add", [product, inputs[2]], [name], name),
        ]


def give_step(graph: onnx.GraphProto, node: onnx.NodeProto, sequence: str, step: int, output: int = 0) -> None:
    """Let a step of a sequence `[T, N, D]` take the place of what a node makes."""
    name = node.output[output]
    node.output[output] = NAMES.name_for("former", name)
    index = NAMES.name_for("index", name)
    graph.initializer.append(numpy_helper.from_array(np.array(step), index))
    graph.node.append(helper.make_node("Gather", [sequence, index], [name], name, axis=0))


def _alike(one: onnx.NodeProto, other: onnx.NodeProto) -> bool:
    """Whether two nodes do the same, to inputs of their own. Nodes with several results do not count."""
    same = one.op_type == other.op_type and len(one.input) == len(other.input)
    return same and len(other.output) == 1 and attributes_of(one) == attributes_of(other)
