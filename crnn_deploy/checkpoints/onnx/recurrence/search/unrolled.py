"""Finds recurrent layers that were traced step by step: as many copies of the step's nodes as there are steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.checkpoints.onnx.recurrence.nodes.layer import Layer
from crnn_deploy.checkpoints.onnx.recurrence.search.measuring import Measured, widths
from crnn_deploy.checkpoints.onnx.recurrence.search.trace import Trace
from crnn_deploy.checkpoints.onnx.recurrence.steps.arithmetic import of
from crnn_deploy.checkpoints.onnx.recurrence.steps.cells import Cell, cell_of
from crnn_deploy.checkpoints.onnx.recurrence.steps.step import Step
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import Signal, Value, numbers_of

_FEWEST = 3  # steps: the second one shows the cell, and the third which of its tensors are states
_ROLES = ("h", "c")
_PROBES = 8
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Unrolled:
    """A layer, its state h after each step in the order of the image, and an LSTM's c after the last one."""

    layer: Layer
    outputs: Sequence[str]
    last_c: str | None


@dataclass(frozen=True)
class _Chain:
    """One cell in all steps after the first.

    Attributes:
        cell: of the signals x, h and c.
        new_h: what h becomes in a step.
        states: the tensors of h, and of an LSTM's c, after each step.
    """

    cell: Cell
    new_h: Value
    states: Sequence[tuple[str, ...]]


def find_unrolled(trace: Trace, measured: Measured) -> Iterator[Unrolled]:
    """The layers whose input is the sequence of `trace`."""
    reads = trace.reads
    width = next(iter(widths(measured(reads.tensors[0][:1]), axes=2).values()), None)
    for reverse in (False, True) if width and len(reads.tensors) >= _FEWEST else ():
        order = range(len(reads.tensors))[:: -1 if reverse else 1]
        for chain in _chains(trace, order, Signal("x", width or 0), measured):
            initial = _initial_states(trace, order[0], chain, measured)
            if initial is not None:
                layer = Layer(chain.states[0][0], chain.cell, reads.source, reads.axis, reverse, initial)
                outputs = [states[0] for states in chain.states][:: -1 if reverse else 1]
                yield Unrolled(layer, outputs, chain.states[-1][1] if chain.cell.c else None)


def _chains(trace: Trace, order: Sequence[int], x: Signal, measured: Measured) -> Iterator[_Chain]:
    """Cells that take states of the first step to those of the second, and on to the last."""
    steps = [(index, trace.bits(order[: position + 1])) for position, index in enumerate(order)]
    done = [bits for _, bits in steps]
    signals = {name: Signal(name, size) for name, size in widths(measured(trace.carried(*done[:2])), axes=2).items()}
    second = trace.step(*steps[1], {name: of(signal) for name, signal in signals.items()}, x)
    for name in trace.carried(*done[1:3]):
        new_h = second.readable(name)
        cell = cell_of(new_h, signals.values()) if new_h is not None else None
        if cell is not None:
            states = (cell.h, cell.c) if cell.c else (cell.h,)
            chain = _followed(trace, steps[1:], x, states, name)
            if chain is not None:
                yield chain


def _followed(
    trace: Trace, steps: Sequence[tuple[int, int]], x: Signal, first: Sequence[Signal], new_h: str
) -> _Chain | None:
    """The chain that begins with the states `first` and has the state `new_h` after the first of `steps`."""
    signals = [Signal(role, state.width) for role, state in zip(_ROLES, first, strict=False)]
    states = [tuple(state.name for state in first)]

    def next_step(index: int, done: int) -> Step:
        return trace.step(index, done, dict(zip(states[-1], map(of, signals), strict=True)), x)

    value = next_step(*steps[0]).readable(new_h)
    cell = cell_of(value, signals) if value is not None else None
    if value is None or cell is None:
        return None
    for index, done in steps:
        wanted = [value, *([cell.new_c] if cell.new_c else [])]
        found = _with_values(trace.made_by(done), next_step(index, done), wanted)
        if len(found) < len(first):
            return None
        states.append(found)
    return _Chain(cell, value, states)


def _with_values(names: Sequence[str], step: Step, wanted: Sequence[Value]) -> tuple[str, ...]:
    """The first tensors that have these values, as far as there are any."""
    found: dict[str, str] = {}
    keys = [value.key for value in wanted]
    for name in names:
        value = step.readable(name)
        if value is not None and value.key in keys:
            found.setdefault(value.key, name)
        if len(found) == len(keys):
            break
    return tuple(found[key] for key in keys if key in found)


def _initial_states(trace: Trace, first: int, chain: _Chain, measured: Measured) -> tuple[str, ...] | None:
    """The states `[N, H]` before the first step, `""` for zeros; None if that step is not the cell's."""
    given = {name: _given(name, numbers) for name, numbers in measured(trace.given(first)).items() if numbers.ndim == 2}
    value = trace.step(first, trace.bits([first]), given, chain.cell.x).readable(chain.states[0][0])
    if value is None:
        return None
    signals = sorted(signal.name for signal in value.signals - {chain.cell.x})
    zeros = [""] * len(chain.states[0])
    for names in itertools.permutations([*signals, *zeros], len(zeros)):
        if set(signals) <= set(names) and _begins(value, chain, names):
            return names
    return None


def _given(name: str, numbers: NDArray[np.float32]) -> Value:
    """A tensor `[N, width]` from outside the steps: zeros, or a signal."""
    width = numbers.shape[1]
    return of(Signal(name, width)) if numbers.any() else Value((), np.zeros(width, np.float32))


def _begins(first: Value, chain: _Chain, names: Sequence[str]) -> bool:
    """Whether the first step's h is the cell's, of these initial states: tried on random numbers.

    Exporters fold what they know of zeros, so the first step has other nodes than the rest.
    """
    random = np.random.default_rng(0)
    numbers = {"x": random.normal(size=(_PROBES, chain.cell.x.width))}
    for role, name in zip(_ROLES, names, strict=False):
        numbers[role] = random.normal(size=(_PROBES, chain.cell.h.width)) * bool(name)
        numbers[name or role] = numbers[role]
    try:
        return np.allclose(numbers_of(first, numbers), numbers_of(chain.new_h, numbers), _TOLERANCE, _TOLERANCE)
    except ValueError:  # of other widths
        return False
