"""What is computed from the bins of a histogram is what the values in them have, one by one.

Values lie evenly in each bin, as histograms assume, and edges of levels are edges of bins: the answers are exact.
"""

from __future__ import annotations

import numpy as np
import pytest
from quantization.calibration.samples import histogram_of

from crnn_deploy.quantization.calibration.calibrators import divergences, squared_errors

WIDTH = 2.0**-13  # of a bin, for values up to 1
IN_A_BIN = 32  # values or a multiple of them: eighths of a level may be as narrow


def spread(counts):
    """So many times 32 values in each bin, given by its number; bin 0 begins at zero."""
    inside = (np.arange(IN_A_BIN) + 0.5) / IN_A_BIN
    return np.concatenate([np.repeat((number + inside) * WIDTH, count) for number, count in counts.items()])


def bins(seed, *regions):
    """Counts of some bins in each region, up to 400; the bin of zero is empty, and one bin reaches to 1."""
    random = np.random.default_rng(seed)
    numbers = [random.choice(np.arange(*region), min(400, np.ptp(region) // 2), False) for region in regions]
    return {int(number): int(random.integers(1, 9)) for number in np.concatenate(numbers) if number} | {8191: 1}


def divergence(values, low, high, levels):
    """As `divergences` says, from the values alone."""
    inside = values[(values >= low) & (values < high)]
    parts = np.histogram(inside, np.linspace(low, high, 8 * levels + 1))[0].reshape(levels, 8)
    occupied = parts > 0
    if not occupied.any():
        return np.inf
    kept = np.repeat(parts.sum(1) / np.maximum(1, occupied.sum(1)), 8).reshape(levels, 8) / len(inside)
    shares = parts / len(values)
    first, *_ = last = np.argwhere(occupied)
    shares[tuple(first)] += np.mean(values < low)
    shares[tuple(last[-1])] += np.mean(values >= high)
    size = (high - low) / levels / WIDTH
    freedom = occupied.sum() * min(1, size / 8) - occupied.any(1).sum() * min(1, size)
    return (shares[occupied] * np.log(shares[occupied] / kept[occupied])).sum() - freedom / (2 * len(values))


BODIES = {
    "both signs": bins(0, (-8192, 8192)),
    "positive": bins(1, (0, 8192)),
    "few": bins(2, (-300, 300)),
    "narrow": bins(3, (-20, 60), (1000, 1010)),
    "far from zero": bins(4, (4096, 4200)),
    "negative": bins(5, (-8192, -4096)),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("levels", [256, 64])
def test_divergences_are_those_of_the_values(name, levels):
    values = spread(BODIES[name])
    highs = 2.0 ** -np.arange(7)
    for lows in (-highs, 0 * highs, -highs / 2, np.minimum(-0.5, -highs)):
        found = divergences(histogram_of(values), lows, highs, levels)
        wanted = [divergence(values, *ends, levels) for ends in zip(lows, highs, strict=True)]
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_divergences_of_values_below_zero_alone_are_those_of_the_values():
    values = spread({-8192: 1, -300: 7, -2: 1, -1: 3})
    ends = np.array([-1, -0.125]), np.zeros(2)
    wanted = [divergence(values, *pair, 256) for pair in zip(*ends, strict=True)]
    assert divergences(histogram_of(values), *ends, 256) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("neighbours", "kept"),
    [({-1: 3, 1: 7}, 7), ({-1: 9, 1: 2}, 9), ({1: 4}, 4), ({-1: 5}, 5), ({-2: 40, -1: 1, 1: 2, 2: 40}, 2), ({2: 3}, 0)],
)
def test_zeros_count_as_often_as_the_more_frequent_value_beside_them(neighbours, kept):
    counts = {-300: 2, 500: 3} | neighbours
    ends = np.array([-0.5, -0.25, -0.0625]), np.array([1, 0.125, 0.0625])
    body = spread({8191: 1} | counts)

    def found(zeros):
        return divergences(histogram_of(np.append(body, np.zeros(zeros))), *ends, 256)

    bare, many = found(IN_A_BIN * kept), found(IN_A_BIN * (kept + 20))
    assert many == pytest.approx(bare, rel=1e-12)
    assert kept == 0 or bare != pytest.approx(found(IN_A_BIN * kept - 1), rel=1e-6)


def test_zeros_count_as_often_as_the_lowest_values_beside_them():
    values = np.append(spread({-1: 9, 1: 2, 8191: 1}), np.zeros(1000))
    counted = spread({-1: 9, 0: 9, 1: 2, 8191: 1})
    found = divergences(histogram_of(values), np.array([-0.0625]), np.array([0.0625]), 256)
    assert found == pytest.approx([divergence(counted, -0.0625, 0.0625, 256)], rel=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("zeros", [1, 1000])
def test_zeros_at_the_end_of_the_values_count_no_more_than_their_neighbour(sign, zeros):
    """Without values on their other side, and of which the outermost bin holds just the zeros."""
    body = sign * spread({1: 2, 2: 1, 4095: 1})
    ends = np.array([-0.5, -0.25]), np.array([0.5, 0.25])
    bare, many = (divergences(histogram_of(np.append(body, np.zeros(n))), *ends, 256) for n in (2000, 2000 + zeros))
    assert bare == pytest.approx(many, rel=1e-12)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("levels", [256, 255, 4096])
def test_squared_errors_are_those_of_rounding_the_values(name, levels):
    """Levels as fine as bins show what is assumed of the values within a bin."""
    values = spread(BODIES[name])
    lows, highs = np.array([-1, -0.5, -0.25, 0, -1, -2]), np.array([1, 0.5, 1, 1, 0, 2])
    found = squared_errors(histogram_of(values), lows, highs, levels)
    wanted = []
    for low, high in zip(lows, highs, strict=True):
        step = (high - low) / (levels - 1)
        zero = np.rint(-low / step)
        rounded = np.clip(np.rint(values / step) + zero, 0, levels - 1) - zero
        wanted.append(np.mean((values - rounded * step) ** 2))
    assert found == pytest.approx(wanted, rel=1e-3, abs=1e-12)
