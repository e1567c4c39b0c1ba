"""The normal form of what a step computes: equal computations are equal, and have the numbers that NumPy gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.checkpoints.onnx.recurrence.steps.arithmetic import (
    columns,
    constant,
    joined,
    of,
    product,
    scaled,
    times_matrix,
    total,
)
from crnn_deploy.checkpoints.onnx.recurrence.steps.cells import cell_of
from crnn_deploy.checkpoints.onnx.recurrence.steps.values import (
    Activation,
    Function,
    Signal,
    UnreadableError,
    Value,
    numbers_of,
)

WIDTH = 3
SIGNALS = [Signal(name, WIDTH) for name in "xh"]
ROWS = {name: np.random.default_rng(0).normal(size=(4, WIDTH)) for name in "xh"}
RANDOM = np.random.default_rng(1)
MATRIX = RANDOM.normal(size=(WIDTH, WIDTH)).astype(np.float32)


def act(name: str, value: Value) -> Value:
    return of(Activation(Function(name), value))


ONE = constant(np.float32([1]), WIDTH)
X, S = map(of, SIGNALS)
Z, N = (
    act("Sigmoid", total([times_matrix(X, MATRIX), times_matrix(S, 2 * MATRIX)])),
    act("Tanh", times_matrix(X, MATRIX)),
)


def test_a_mixture_is_the_same_however_it_is_written() -> None:
    less = total([ONE, scaled(Z, -1)])
    one = total([product(Z, S), product(less, N)])
    other = total([N, product(total([S, scaled(N, -1)]), Z)])
    assert one.key == other.key
    assert one.key != total([product(Z, N), product(less, S)]).key


def test_a_product_with_joined_weights_is_the_sum_of_products() -> None:
    both = np.concatenate([MATRIX, 2 * MATRIX])
    apart = total([times_matrix(X, MATRIX), times_matrix(S, 2 * MATRIX)])
    assert times_matrix(joined([X, S]), both).key == apart.key


def test_a_part_of_an_activation_is_the_activation_of_a_part() -> None:
    value = times_matrix(X, MATRIX)
    assert columns(act("Sigmoid", value), 1, 3).key == act("Sigmoid", columns(value, 1, 3)).key


def test_bad_widths_are_unreadable() -> None:
    with pytest.raises(UnreadableError):
        total([X, columns(X, 0, 2)])
    with pytest.raises(UnreadableError):
        times_matrix(X, MATRIX[:2])
    with pytest.raises(UnreadableError):
        columns(X, 2, 5)


def test_products_of_long_sums_are_unreadable() -> None:
    nine = total([act("Tanh", scaled(X, number)) for number in range(1, 10)])
    with pytest.raises(UnreadableError):
        product(nine, nine)


expressions = st.recursive(
    st.sampled_from([X, S, ONE]),
    lambda inner: (
        st.tuples(inner, inner).map(total)
        | st.tuples(inner, inner).map(lambda pair: product(*pair))
        | inner.map(lambda value: times_matrix(value, MATRIX))
        | inner.map(lambda value: act("Tanh", value))
        | inner.map(lambda value: scaled(value, 0.5))
    ),
    max_leaves=6,
)


@given(expressions, expressions)
def test_arithmetic_is_that_of_numbers(one: Value, other: Value) -> None:
    left, right = numbers_of(one, ROWS), numbers_of(other, ROWS)
    np.testing.assert_allclose(numbers_of(total([one, other]), ROWS), left + right, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(numbers_of(product(one, other), ROWS), left * right, rtol=1e-4, atol=1e-4)
    both = np.concatenate([left, right], axis=1)
    np.testing.assert_allclose(numbers_of(joined([one, other]), ROWS), both, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        numbers_of(columns(joined([one, other]), 2, 5), ROWS), both[:, 2:5], rtol=1e-4, atol=1e-4
    )
    assert total([one, other]).key == total([other, one]).key


def test_a_cell_needs_a_state() -> None:
    new_h = total([product(Z, S), product(total([ONE, scaled(Z, -1)]), N)])
    assert cell_of(new_h, [SIGNALS[1]]) is None  # N does not depend on the state
    assert cell_of(X, [SIGNALS[1]]) is None
