"""Sums, products and parts of values in normal form."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from crnn_deploy.checkpoints.onnx.recurrence.steps.values import (
    MAX_STATE,
    SAME,
    Activation,
    Factor,
    Numbers,
    Signal,
    Term,
    UnreadableError,
    Value,
)

_MOST_TERMS = 64  # of the products of two sums; a GRU's step has four


def of(factor: Factor) -> Value:
    """A factor alone."""
    return Value((Term((factor,), 1.0),), np.zeros(factor.width, np.float32))


def constant(numbers: Numbers, width: int) -> Value:
    """Numbers that are the same for all images: one, or `width`."""
    if numbers.ndim == 2 and np.array_equal(numbers, np.broadcast_to(numbers[:1], numbers.shape)):
        numbers = numbers[:1]  # written out for each image of a fixed batch
    if numbers.size not in (1, width):
        raise UnreadableError(f"{numbers.shape} numbers beside {width}")
    return Value((), np.broadcast_to(numbers.reshape(-1).astype(np.float32), width))


def total(values: Iterable[Value]) -> Value:
    """The sum of values of the same width."""
    values = list(values)
    if len({value.width for value in values}) != 1:
        raise UnreadableError("a sum of rows of several widths")
    terms: dict[str, Term] = {}
    for term in (term for value in values for term in value.terms):
        before = terms.get(term.factors_key)
        terms[term.factors_key] = term if before is None else Term(term.factors, _sum(before, term))
    kept = tuple(term for term in terms.values() if not (isinstance(term.matrix, float) and term.matrix == 0))
    return Value(kept, np.sum([value.bias for value in values], axis=0, dtype=np.float32))


def _sum(one: Term, other: Term) -> float | Numbers:
    if isinstance(one.matrix, float) and isinstance(other.matrix, float):
        return one.matrix + other.matrix
    return _as_matrix(one) + _as_matrix(other)


def _as_matrix(term: Term) -> Numbers:
    if not isinstance(term.matrix, float):
        return term.matrix
    return term.matrix * np.eye(term.factors[0].width, dtype=np.float32)


def scaled(value: Value, factor: float) -> Value:
    """A value times a number."""
    terms = (Term(term.factors, _times(term.matrix, factor)) for term in value.terms)
    return Value(tuple(terms), value.bias * np.float32(factor))


def _times(matrix: float | Numbers, factor: float) -> float | Numbers:
    """In FP32: six times a sixth is one."""
    return float(np.float32(matrix * factor)) if isinstance(matrix, float) else matrix * np.float32(factor)


def product(one: Value, other: Value) -> Value:
    """Two values of the same width, multiplied number by number."""
    if one.width != other.width:
        raise UnreadableError("a product of rows of two widths")
    one, other = _by_number(one), _by_number(other)
    if len(one.terms) * len(other.terms) > _MOST_TERMS:
        raise UnreadableError("a product of long sums")
    parts = []
    for left in (*one.terms, Term((), float(one.bias[0]))):
        for right in (*other.terms, Term((), float(other.bias[0]))):
            number = float(left.matrix) * float(right.matrix)
            factors = tuple(sorted((*left.factors, *right.factors), key=lambda factor: factor.key))
            bias = np.full(one.width, 0.0 if factors else number, np.float32)
            parts.append(Value((Term(factors, number),) if factors and number else (), bias))
    return total(parts)


def _by_number(value: Value) -> Value:
    """The value as a sum of products with numbers alone; one with matrices becomes a factor."""
    single = all(isinstance(term.matrix, float) for term in value.terms) and len(set(value.bias.tolist())) == 1
    return value if single else of(Activation(SAME, value))


def times_matrix(value: Value, matrix: Numbers) -> Value:
    """A value `[N, D]` times a constant matrix `[D, K]`."""
    if matrix.ndim != 2 or len(matrix) != value.width:
        raise UnreadableError(f"a matrix {matrix.shape} after {value.width} numbers")
    terms = [
        Term(t.factors, (matrix if t.matrix == 1 else matrix * np.float32(t.matrix)))
        if isinstance(t.matrix, float)
        else Term(t.factors, t.matrix @ matrix)
        for t in value.terms
    ]
    return Value(tuple(terms), value.bias @ matrix)


def columns(value: Value, start: int, stop: int) -> Value:
    """Some of the numbers of each row."""
    if not 0 <= start < stop <= value.width:
        raise UnreadableError(f"numbers {start} to {stop} of {value.width}")
    terms = (_columns_of(term, start, stop) for term in value.terms)
    return total(
        [Value((), value.bias[start:stop]), *(Value((term,), np.zeros_like(value.bias[start:stop])) for term in terms)]
    )


def _columns_of(term: Term, start: int, stop: int) -> Term:
    if not isinstance(term.matrix, float):
        return Term(term.factors, term.matrix[:, start:stop])
    if len(term.factors) == 1 and isinstance(term.factors[0], Signal):
        return Term(term.factors, _as_matrix(term)[:, start:stop])
    return Term(tuple(_columns_of_factor(factor, start, stop) for factor in term.factors), term.matrix)


def _columns_of_factor(factor: Factor, start: int, stop: int) -> Factor:
    if isinstance(factor, Signal):
        return Activation(SAME, columns(of(factor), start, stop))
    return Activation(factor.function, columns(factor.value, start, stop))


def joined(values: list[Value]) -> Value:
    """Values one after the other."""
    width = sum(value.width for value in values)
    if width > MAX_STATE:
        raise UnreadableError(f"{width} numbers in a row")
    parts, start = [], 0
    for value in values:
        place = np.zeros((value.width, width), np.float32)
        place[:, start : start + value.width] = np.eye(value.width, dtype=np.float32)
        parts.append(times_matrix(value, place))
        start += value.width
    return total(parts)
