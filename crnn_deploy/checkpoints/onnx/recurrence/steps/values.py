"""What a step of a recurrent layer computes, in a normal form: equal computations have equal keys.

A value is a row of `width` numbers for each image, [N, width]:

    Σ (factor · factor · …) × matrix + bias

where each factor is a signal (the input of the step, or a state) or an activation of another value. So are
`n + z * (h - n)` and `(1 - z) * n + z * h` the same value, and one product with joined weights and several with parts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Rows = NDArray[np.float64]

MAX_STATE = 8192
"""Numbers that are read in a row: the states and the input of a step."""


class UnreadableError(Exception):
    """A computation that has no such form. It never leaves this folder."""


@dataclass(frozen=True)
class Signal:
    """A row of numbers that a step is given."""

    name: str
    width: int

    @property
    def key(self) -> str:
        """The same for equal signals."""
        return f"signal {self.name}"


@dataclass(frozen=True)
class Function:
    """An activation by its name in ONNX; `""` leaves the value as it is. HardSigmoid has a slope and an offset."""

    name: str = ""
    alpha: float = 0.0
    beta: float = 0.0

    def __call__(self, numbers: Rows) -> Rows:
        """The activation of each number."""
        match self.name:
            case "Sigmoid":
                return 1 / (1 + np.exp(-numbers))
            case "Tanh":
                return np.tanh(numbers)
            case "Relu":
                return np.maximum(numbers, 0)
            case "HardSigmoid":
                return np.clip(self.alpha * numbers + self.beta, 0, 1)
        return numbers


SAME = Function()


@dataclass(frozen=True, eq=False)
class Activation:
    """A function of each number of a value."""

    function: Function
    value: Value

    @cached_property
    def key(self) -> str:
        """The same for equal activations."""
        return f"{self.function} {self.value.key}"

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return self.value.width


Factor = Signal | Activation


@dataclass(frozen=True, eq=False)
class Term:
    """A product of factors, times a number or a matrix `[width of the factors, width of the value]`."""

    factors: tuple[Factor, ...]
    matrix: float | Numbers

    @cached_property
    def factors_key(self) -> str:
        """The same for equal products, in any order."""
        return " · ".join(sorted(factor.key for factor in self.factors))


@dataclass(frozen=True, eq=False)
class Value:
    """A sum of terms and a bias `[width]`; no two terms have the same factors."""

    terms: tuple[Term, ...]
    bias: Numbers

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return len(self.bias)

    @cached_property
    def key(self) -> str:
        """The same for equal values, whatever order their terms have."""
        parts = sorted(f"{term.factors_key} × {_digest(term.matrix)}" for term in self.terms)
        return hashlib.blake2b("\n".join([*parts, _digest(self.bias)]).encode(), digest_size=16).hexdigest()

    @cached_property
    def signals(self) -> frozenset[Signal]:
        """All signals that the value depends on."""
        found: set[Signal] = set()
        for factor in (factor for term in self.terms for factor in term.factors):
            found |= {factor} if isinstance(factor, Signal) else factor.value.signals
        return frozenset(found)


def numbers_of(value: Value, given: Mapping[str, Rows]) -> Rows:
    """The value's numbers `[N, width]` for rows `[N, width]` of each signal, by name."""
    return _numbers(value, given, {})


def _numbers(value: Value, given: Mapping[str, Rows], known: dict[str, Rows]) -> Rows:
    if value.key not in known:
        result = np.tile(value.bias.astype(np.float64), (len(next(iter(given.values()))), 1))
        for term in value.terms:
            rows = [
                given[f.name] if isinstance(f, Signal) else f.function(_numbers(f.value, given, known))
                for f in term.factors
            ]
            product = np.prod(rows, axis=0)
            result += product * term.matrix if isinstance(term.matrix, float) else product @ term.matrix
        known[value.key] = result
    return known[value.key]


def _digest(matrix: float | Numbers) -> str:
    if isinstance(matrix, float):
        return repr(matrix)
    data = np.ascontiguousarray(matrix + np.float32(0))  # -0 becomes 0
    return hashlib.blake2b(data.data, digest_size=16).hexdigest() + str(data.shape)
