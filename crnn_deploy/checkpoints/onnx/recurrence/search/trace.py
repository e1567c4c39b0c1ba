"""A graph that takes a sequence apart: what depends on which steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import onnx

from crnn_deploy.checkpoints.onnx.recurrence.search.reads import Reads
from crnn_deploy.checkpoints.onnx.recurrence.steps.arithmetic import of
from crnn_deploy.checkpoints.onnx.recurrence.steps.operators import Constant
from crnn_deploy.checkpoints.onnx.recurrence.steps.step import Step
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import Signal, Value
from crnn_deploy.onnx_graph.wiring import names_read_by, producers_of

_PRODUCTS = ("Gemm", "MatMul")
_OF_ONE_TENSOR = (*_PRODUCTS, "Add", "Split", "Slice", "Identity")


class Trace:
    """What each tensor of a graph depends on: a set of the steps of one sequence, as bits of a number."""

    def __init__(self, graph: onnx.GraphProto, constants: Mapping[str, Constant], reads: Reads) -> None:
        self.reads = reads
        self._makers = producers_of(graph)
        self._constants = constants
        self._steps = {name: 1 << index for index, names in enumerate(reads.tensors) for name in names}
        self._readers: dict[str, list[int]] = {}
        self._made: dict[int, list[str]] = {}
        for node in graph.node:
            if node.op_type != "Shape":  # sizes are the same in all steps
                self._add(node)

    def _add(self, node: onnx.NodeProto) -> None:
        read = [name for name in names_read_by(node) if name in self._steps]
        bits = 0
        for name in read:
            bits |= self._steps[name]
        for name in read:
            self._readers.setdefault(name, []).append(bits)
        for output in node.output if bits else ():
            if output and output not in self._steps:
                self._steps[output] = bits
                self._made.setdefault(bits, []).append(output)

    @staticmethod
    def bits(steps: Iterable[int]) -> int:
        """A set of steps as bits."""
        return sum(1 << step for step in steps)

    def made_by(self, done: int) -> list[str]:
        """The tensors that depend on exactly the steps `done`, in the order of the graph."""
        return self._made.get(done, [])

    def carried(self, done: int, after: int) -> list[str]:
        """The tensors that depend on exactly `done`, and from which nodes that depend on `after` begin.

        What the next step computes from a state alone, such as its product with weights, depends on `done` too; the
        state is what that begins with.
        """
        return self._origins(name for name in self.made_by(done) if after in self._readers.get(name, ()))

    def given(self, step: int) -> list[str]:
        """The tensors that depend on no step, and from which the nodes of this step alone begin, without constants."""
        nodes = {id(node): node for name in self.made_by(1 << step) if (node := self._makers[name])}
        read = (name for node in nodes.values() for name in node.input if name and name not in self._steps)
        return self._origins(name for name in read if name not in self._constants)

    def _origins(self, names: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(map(self._origin, names)))

    def _origin(self, name: str) -> str:
        """The tensor that `name` is a product or a part of; itself if it is none."""
        found = at = name
        while (maker := self._makers.get(at)) is not None and maker.op_type in _OF_ONE_TENSOR:
            varying = [each for each in maker.input if each not in self._constants]
            if len(varying) != 1 or self._steps.get(varying[0]) != self._steps.get(name):
                break
            at = varying[0]
            found = at if maker.op_type in _PRODUCTS else found
        return found

    def step(self, index: int, done: int, states: Mapping[str, Value], x: Signal) -> Step:
        """A reader of one step: of what depends on it, or on what was done before.

        Args:
            index: the step, whose tensors are the signal `x`.
            done: the steps before it and itself.
            states: what the steps before it give, and the rest depends on.
            x: the signal.
        """
        allowed = (0, 1 << index, done, done & ~(1 << index))
        makers = {name: node for name, node in self._makers.items() if self._steps.get(name, 0) in allowed}
        bound = dict.fromkeys(self.reads.tensors[index], of(x))
        return Step(makers, self._constants, {**states, **bound})
