"""INT8 values in floating point, and their gradients."""

from __future__ import annotations

import pytest
import torch

from crnn_deploy.training.qat.rounding import ActivationRounding, round_rows


def observed(*values: float, rectified: bool = False) -> ActivationRounding:
    rounding = ActivationRounding(rectified)
    watch(rounding, *values)
    return rounding


def watch(rounding: ActivationRounding, *values: float) -> None:
    rounding.observing = True
    x = torch.tensor(values)
    assert rounding.entering(torch.nn.Identity(), (x,))[0] is x
    rounding.observing = False


def rounded(rounding: ActivationRounding, x: torch.Tensor) -> torch.Tensor:
    return rounding.leaving(torch.nn.Identity(), (), x)


def test_each_row_has_the_scale_of_its_largest_magnitude():
    x = torch.tensor([[127.0, 0.4, -3.6], [-12.7, 0.13, 0.0]])
    assert torch.allclose(round_rows(x), torch.tensor([[127.0, 0.0, -4.0], [-12.7, 0.1, 0.0]]))


def test_rows_of_zeros_stay_zeros():
    assert torch.equal(round_rows(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_gradients_of_rows_are_those_of_no_rounding():
    x = torch.randn(4, 3, 2, requires_grad=True)
    factors = torch.randn(4, 3, 2)
    (round_rows(x) * factors).sum().backward()
    assert torch.equal(x.grad, factors)


def test_activations_lie_on_256_levels_over_the_range_with_zero_among_them():
    rounding = observed(-1.0, 3.0)
    levels = rounded(rounding, torch.linspace(-2, 4, 10_000)).unique()
    assert len(levels) == 256
    assert torch.allclose(levels.diff(), torch.tensor(4 / 255), atol=1e-6)
    assert 0.0 in levels.tolist()


def test_gradients_stop_where_values_saturate():
    x = torch.tensor([-1.5, -0.5, 2.0, 3.5], requires_grad=True)
    rounded(observed(-1.0, 3.0), x).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 0]


def test_the_range_of_what_a_relu_follows_does_its_work():
    rounding = observed(-5.0, 255.0, rectified=True)
    assert rounded(rounding, torch.tensor([-5.0, 0.6, 300.0])).tolist() == [0.0, 1.0, 255.0]


@pytest.mark.parametrize(("values", "expected"), [((2.0, 3.0), (0.0, 3.0)), ((-2.0, -1.0), (-2.0, 0.0))])
def test_ranges_hold_zero(values, expected):
    assert observed(*values).range == expected


def test_zeros_alone_are_represented():
    assert rounded(observed(0.0, 0.0), torch.zeros(2)).tolist() == [0, 0]


def test_a_range_widens_at_once_and_narrows_slowly():
    rounding = observed(-1.0, 1.0)
    watch(rounding, -2.0, 0.0)
    assert rounding.range == pytest.approx((-2.0, 0.99))


def test_half_precision_is_not_rounded_twice():
    rounding = observed(0.0, 1.0)
    x = torch.linspace(0, 1, 1000).bfloat16()
    assert torch.equal(rounded(rounding, x), rounded(rounding, x.float()))
