"""Finds recurrent layers whose steps are the body of a Loop or a Scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crnn_deploy.checkpoints.onnx.recurrence.nodes.layer import Layer
from crnn_deploy.checkpoints.onnx.recurrence.search.bodies import Body, Source
from crnn_deploy.checkpoints.onnx.recurrence.search.measuring import Measured, widths
from crnn_deploy.checkpoints.onnx.recurrence.steps.arithmetic import of
from crnn_deploy.checkpoints.onnx.recurrence.steps.cells import cell_of
from crnn_deploy.checkpoints.onnx.recurrence.steps.operators import Constant
from crnn_deploy.checkpoints.onnx.recurrence.steps.step import Step
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import Signal, Value
from crnn_deploy.onnx_graph.wiring import all_constants, producers_of


@dataclass(frozen=True)
class Looped:
    """The layers in a loop, and what its outputs are.

    Attributes:
        layers: each after those that it reads from.
        states: outputs of the loop that are the same as a tensor `[N, H]`.
        sequences: outputs of the loop → a tensor `[T, N, H]`, the axis of the steps, whether the last one comes first.
    """

    layers: Sequence[Layer]
    states: Mapping[str, str]
    sequences: Mapping[str, Source]


def find_looped(
    body: Body, constants: Mapping[str, Constant], read: set[str], measured: Measured, reverse: bool
) -> Looped | None:
    """The layers that a loop consists of; None if it has another state, or gives something else.

    Args:
        body: the loop.
        constants: constant tensors outside.
        read: tensors outside that are read.
        measured: gives the numbers of tensors outside.
        reverse: whether the body reads the last step first, where it takes the steps itself.
    """
    search = _Search(body, constants, measured, reverse)
    search.find()
    return search.result(read)


class _Search:
    def __init__(self, body: Body, constants: Mapping[str, Constant], measured: Measured, reverse: bool) -> None:
        self._body = body
        self._makers = producers_of(body.graph)
        self._same = {inside: before for before, inside, after in body.carried if self._through(after) == inside}
        inner = all_constants(body.graph)
        given = {inside: constants[before] for inside, before in self._same.items() if before in constants}
        self._before = {inside: before for before, inside, _ in body.carried if inside not in self._same}
        self._sources: dict[str, Source] = {}
        bound = self._steps(reverse, constants, measured)
        numbers = measured(list(self._before.values()))
        sizes = widths(numbers, axes=2)
        self._states = {name: Signal(name, sizes[before]) for name, before in self._before.items() if before in sizes}
        self._zeros = {before for before, found in numbers.items() if not found.any()}
        bound |= {name: of(signal) for name, signal in self._states.items()}
        self._step = Step(self._makers, {**constants, **inner, **given}, bound)
        self._layers: list[Layer] = []
        self._finals: dict[str, str] = {}  # state in the body → tensor outside with its last value
        self._gathered: dict[str, Source] = {}  # key of a value → the sequence of it

    def _through(self, name: str) -> str:
        """The tensor that reaches `name` unchanged."""
        while (maker := self._makers.get(name)) is not None and maker.op_type == "Identity":
            name = maker.input[0]
        return name

    def _steps(self, reverse: bool, constants: Mapping[str, Constant], measured: Measured) -> dict[str, Value]:
        """The tensors that are one step of a sequence outside, as signals."""
        found = dict(self._body.steps)
        for node in self._body.graph.node:
            if node.op_type == "Gather" and node.input[0] not in self._makers:
                source = self._same.get(node.input[0], node.input[0])
                axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
                if source not in constants and axis in (0, 1):
                    found[node.output[0]] = Source(source, axis, reverse)
        sizes = widths(measured([source.tensor for source in found.values()]), axes=3)
        found = {name: source for name, source in found.items() if source.tensor in sizes}
        self._sources = {f"step of {source.tensor} {source.axis}": source for source in found.values()}
        return {
            name: of(Signal(f"step of {source.tensor} {source.axis}", sizes[source.tensor]))
            for name, source in found.items()
        }

    def find(self) -> None:
        """Find layer after layer: what one gives may be the input of the next."""
        while self._find_layer():
            pass

    def _find_layer(self) -> bool:
        after = {inside: name for _, inside, name in self._body.carried}
        for inside, signal in self._states.items():
            new_h = self._step.readable(after[inside]) if inside not in self._finals else None
            cell = cell_of(new_h, self._states.values()) if new_h is not None else None
            if new_h is None or cell is None or cell.h != signal or cell.x.name not in self._sources:
                continue
            if cell.c is not None:
                new_c = self._step.readable(after[cell.c.name])
                if new_c is None or cell.new_c is None or new_c.key != cell.new_c.key:
                    continue
            source = self._sources[cell.x.name]
            states = [cell.h.name, *([cell.c.name] if cell.c else [])]
            initial = [self._before[name] for name in states]
            layer = Layer(
                f"{self._body.node.output[0]} {len(self._layers)}",
                *(cell, source.tensor, source.axis, source.reverse),
                ["" if name in self._zeros else name for name in initial],
            )
            self._layers.append(layer)
            self._finals |= dict(zip(states, layer.last, strict=True))
            self._gathered[new_h.key] = Source(layer.sequence, 0, source.reverse)
            step = Signal(f"step of {layer.sequence}", signal.width)
            self._sources[step.name] = self._gathered[new_h.key]
            self._gathered[of(step).key] = self._gathered[new_h.key]
            self._step.replace(new_h, of(step))
            return True
        return False

    def result(self, read: set[str]) -> Looped | None:
        """What was found, if that is all that the loop gives to its readers."""
        states, sequences = {}, {}
        node, body = self._body.node, self._body
        count = len(body.carried)
        for output, (before, inside, _) in zip(node.output, body.carried, strict=False):
            if output in read and inside not in self._finals and inside not in self._same:
                return None
            states[output] = self._finals.get(inside, before)
        for output, gathered in zip(node.output[count:], body.gathered, strict=False):
            value = self._step.readable(gathered.tensor)
            source = self._gathered.get(value.key) if value is not None else None
            if source is None and output in read:
                return None
            if source is not None:
                sequences[output] = Source(source.tensor, gathered.axis, source.reverse != gathered.reverse)
        used = {output: name for output, name in states.items() if output in read}
        return Looped(self._layers, used, sequences) if self._layers else None
