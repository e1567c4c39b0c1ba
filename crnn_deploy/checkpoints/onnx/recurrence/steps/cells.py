"""Tells the step of an LSTM and of a GRU from what it computes, and reads its weights.

The equations are those of ONNX: https://onnx.ai/onnx/operators/onnx__LSTM.html and onnx__GRU.html.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from crnn_deploy.checkpoints.onnx.recurrence.steps.arithmetic import of, product, scaled, total
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import (
    SAME,
    Activation,
    Factor,
    Function,
    Numbers,
    Signal,
    Term,
    UnreadableError,
    Value,
)

_T = TypeVar("_T")
_SIGMOID, _TANH = Function("Sigmoid"), Function("Tanh")


@dataclass(frozen=True, eq=False)
class Gate:
    """A gate before its activation: x `[N, D]` × of_x + h `[N, H]` × of_h + bias."""

    of_x: Numbers
    of_h: Numbers
    bias: Numbers
    bias_of_h: Numbers

    def negative(self) -> Gate:
        """The gate whose sigmoid is one less this gate's."""
        return Gate(-self.of_x, -self.of_h, -self.bias, -self.bias_of_h)


@dataclass(frozen=True, eq=False)
class Cell:
    """The step of a recurrent layer.

    Attributes:
        operator: `LSTM` or `GRU`.
        gates: in the order of ONNX: i, o, f, c or z, r, h.
        x: the signal that is the layer's input.
        h: the signal that is its state before the step.
        c: an LSTM's second state.
        new_c: what an LSTM's second state becomes.
        functions: of the gates, and of the cell; an LSTM's third is of the output.
        reset_after: whether a GRU's reset gate comes after the product of the state (`linear_before_reset`).
    """

    operator: str
    gates: tuple[Gate, ...]
    x: Signal
    h: Signal
    functions: tuple[Function, ...]
    c: Signal | None = None
    new_c: Value | None = None
    reset_after: bool = False

    @property
    def usual(self) -> bool:
        """Whether its activations are sigmoid and hyperbolic tangent."""
        return self.functions[0] == _SIGMOID and set(self.functions[1:]) == {_TANH}


def cell_of(new_h: Value, states: Collection[Signal]) -> Cell | None:
    """The cell whose state `h` becomes `new_h` in a step, where that is an LSTM's or a GRU's."""
    for read in (_lstm, _gru):
        try:
            return read(new_h, states)
        except UnreadableError:
            continue
    return None


def _lstm(new_h: Value, states: Collection[Signal]) -> Cell:
    """h' = o · tanh(c'), c' = f · c + i · g."""
    output = _only(_products(new_h, [2]))
    for o, squashed in itertools.permutations(output.factors):
        if not isinstance(squashed, Activation) or [len(t.factors) for t in squashed.value.terms] != [2, 2]:
            continue
        new_c = squashed.value
        for kept, added in itertools.permutations(_products(new_c, [2, 2])):
            c = [factor for factor in kept.factors if factor in states]
            if len(c) != 1:
                continue
            f = next(factor for factor in kept.factors if factor is not c[0])
            for i, g in itertools.permutations(added.factors):
                found = _lstm_of((i, o, f, g), squashed.function, c[0], new_c, states)
                if found is not None:
                    return found
    raise UnreadableError("no LSTM")


def _lstm_of(
    factors: tuple[Factor, ...], squash: Function, c: Factor, new_c: Value, states: Collection[Signal]
) -> Cell | None:
    gates = [factor for factor in factors if isinstance(factor, Activation)]
    functions = [gate.function for gate in gates]
    if len(gates) < len(factors) or len(set(functions[:3])) != 1 or SAME in functions:
        return None
    x, h = _inputs([gate.value for gate in gates], states)
    read = tuple(_gate(gate.value, x, h) for gate in gates)
    assert isinstance(c, Signal)
    return Cell("LSTM", read, x, h, (functions[0], functions[3], squash), c, new_c)


def _gru(new_h: Value, states: Collection[Signal]) -> Cell:
    """h' = z · h + (1 - z) · n, with n = tanh(x W + r · (h R + b)) or tanh(x W + (r · h) R); or with 1 - z for z."""
    factors = {factor.key: factor for term in new_h.terms for factor in term.factors}.values()
    activations = [factor for factor in factors if isinstance(factor, Activation)]
    h = _only([factor for factor in factors if isinstance(factor, Signal)])
    for z, n in itertools.permutations(activations, 2):
        for one, other in ((h, n), (n, h)):
            mixed = total([product(of(z), of(one)), of(other), scaled(product(of(z), of(other)), -1.0)])
            if mixed.key == new_h.key and h in states and (one is h or z.function == _SIGMOID):
                return _gru_of(z, n, h, one is not h, states)
    raise UnreadableError("no GRU")


def _gru_of(z: Activation, n: Activation, h: Signal, negative: bool, states: Collection[Signal]) -> Cell:
    x, _ = _inputs([z.value], states)
    update = _gate(z.value, x, h)
    r, new, reset_after = _candidate(n.value, x, h)
    if r.function != z.function:
        raise UnreadableError("gates with several activations")
    gates = (update.negative() if negative else update, _gate(r.value, x, h), new)
    return Cell("GRU", gates, x, h, (z.function, n.function), reset_after=reset_after)


def _candidate(value: Value, x: Signal, h: Signal) -> tuple[Activation, Gate, bool]:
    """The reset gate, the candidate state, and whether the reset gate comes after the product."""
    of_x = _matrix(_only([term for term in value.terms if term.factors == (x,)]))
    reset = _only([term for term in value.terms if term.factors != (x,)])
    if len(reset.factors) != 2:
        raise UnreadableError("no candidate state")
    for r, other in itertools.permutations(reset.factors):
        if not isinstance(r, Activation) or r.function == SAME:
            continue
        if isinstance(other, Activation) and other.function == SAME and reset.matrix == 1.0:
            of_h = _only(list(other.value.terms))
            if of_h.factors == (h,):
                return r, Gate(of_x, _matrix(of_h), value.bias, other.value.bias), True
        if other == h:
            return r, Gate(of_x, _matrix(reset), value.bias, np.zeros_like(value.bias)), False
    raise UnreadableError("no candidate state")


def _only(found: list[_T]) -> _T:
    if len(found) != 1:
        raise UnreadableError(f"{len(found)} of what must be one")
    return found[0]


def _products(value: Value, counts: list[int]) -> list[Term]:
    """The terms of a sum of products with so many factors, each taken once."""
    if sorted(len(term.factors) for term in value.terms) != counts or value.bias.any():
        raise UnreadableError("no such sum")
    if any(not isinstance(term.matrix, float) or term.matrix != 1.0 for term in value.terms):
        raise UnreadableError("no such sum")
    return list(value.terms)


def _inputs(gates: list[Value], states: Collection[Signal]) -> tuple[Signal, Signal]:
    """The two signals that gates are computed from: the input and the state."""
    signals = frozenset().union(*(gate.signals for gate in gates))
    x, h = [s for s in signals if s not in states], [s for s in signals if s in states]
    if len(x) != 1 or len(h) != 1:
        raise UnreadableError("gates of other signals")
    return x[0], h[0]


def _gate(value: Value, x: Signal, h: Signal) -> Gate:
    terms = {term.factors: _matrix(term) for term in value.terms}
    if terms.keys() != {(x,), (h,)}:
        raise UnreadableError("no gate")
    return Gate(terms[(x,)], terms[(h,)], value.bias, np.zeros_like(value.bias))


def _matrix(term: Term) -> Numbers:
    width = term.factors[0].width
    return term.matrix * np.eye(width, dtype=np.float32) if isinstance(term.matrix, float) else term.matrix
