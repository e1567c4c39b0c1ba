"""INT8 against float64: the signal-to-noise ratio is at least 38 dB for all shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native.reference import Recurrence, decibels, random_layer, round_rows, run

ENOUGH = 38.0  # dB
OUTPUTS = 2000  # numbers for one ratio; a single number may be close to zero
LAYERS = 500  # at most, to get these numbers; with eight the ratio varies from 25 to 50 dB, with 100 from 35 to 45
# The most inputs for each hidden unit. PyTorch scales W by the number of hidden units, so many inputs saturate the
# gates, which then react strongly to rounding: if only the weights are rounded to 8 bits, one unit with 1024 inputs has
# 39 dB on average and 35 in some cases. LSTMs are more sensitive: 37 to 39 dB at 128.
WIDEST = {"GRU": 128, "LSTM": 64}
# Multiplications of weights in an example; the emulation is slow.
WORK = {"amx-emulated": 2**17}
MUCH = 2**24


@st.composite
def shapes(draw: st.DrawFn, cell: str, work: int) -> tuple[int, int, int, int]:
    """T, B, C and H of any size, such that the layer needs at most `work` multiplications."""
    hidden = draw(st.integers(1, min(512, int((work / 6) ** 0.5))))
    inputs = draw(st.integers(1, min(1024, WIDEST[cell] * hidden, work // (3 * hidden) - hidden)))
    rows = work // (3 * hidden * (inputs + hidden))
    steps = draw(st.integers(1, min(1000, rows)))
    return steps, draw(st.integers(1, min(64, rows // steps))), inputs, hidden


def precision(shape: tuple[int, int, int, int], cell: str = "GRU", direction: str = "forward", seed: int = 0) -> float:
    """Signal-to-noise ratio against float64 with the original weights, over as many layers as give enough numbers."""
    random = np.random.default_rng(seed)
    steps, samples, inputs, hidden = shape
    expected, got = [], []
    for _ in range(min(LAYERS, -(-OUTPUTS // (steps * samples * hidden)))):
        layer = random_layer(random, cell, inputs, hidden, direction)
        x = random.standard_normal((steps, samples, inputs)).astype(np.float32)
        expected.append(layer.run(x)["Y"])
        got.append(run(layer, {"X": x}, outputs=("Y",))["Y"])
    return decibels(np.stack(expected), np.stack(got))


CELLS = st.sampled_from(["GRU", "LSTM"])
DIRECTIONS = st.sampled_from(["forward", "reverse", "bidirectional"])


@given(st.data(), CELLS, DIRECTIONS, st.integers(0, 2**16))
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_layers(level, data, cell, direction, seed):
    shape = data.draw(shapes(cell, WORK.get(level, MUCH)))
    assert precision(shape, cell, direction, seed) >= ENOUGH


EXTREMES = {
    "largest matrices": (3, 2, 1024, 512),
    "longest": (1000, 1, 40, 33),
    "largest batch": (5, 64, 130, 67),
    "one unit": (100, 3, 4, 1),
    "one input": (60, 3, 1, 45),
    "one step": (1, 1, 70, 300),
    "smallest": (1, 1, 1, 1),
}


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
@pytest.mark.parametrize("shape", EXTREMES.values(), ids=EXTREMES)
def test_extreme_shapes(cell, shape):
    assert precision(shape, cell) >= ENOUGH


MANY_INPUTS = [(300, 2, 128, 1), (50, 8, 1024, 8), (100, 4, 1024, 16), (20, 4, 1024, 128), (20, 4, 1024, 256)]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", MANY_INPUTS, ids=str)
def test_many_inputs_for_few_units(shape, seed):
    assert precision(shape, seed=seed) >= ENOUGH


INPUTS = {
    "tiny": lambda x: x * 1e-12,
    "small": lambda x: x * 1e-3,
    "after a ReLU": lambda x: np.maximum(x, 0),
    "sparse": lambda x: x * (np.abs(x) > 2),
    "constant": lambda x: np.broadcast_to(x[:1], x.shape),
    "zero": lambda x: x * 0,
    "of many sizes": lambda x: x * np.logspace(-9, 0, len(x))[:, np.newaxis, np.newaxis],
}


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("change", INPUTS.values(), ids=INPUTS)
def test_inputs_of_any_kind(change):
    random = np.random.default_rng(0)
    layer = random_layer(random, inputs=50, hidden=40)
    x = change(random.standard_normal((30, 3, 50))).astype(np.float32)
    assert decibels(layer.run(x)["Y"], run(layer, {"X": x})["Y"]) >= ENOUGH


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_small_signals_without_a_bias(cell):
    random = np.random.default_rng(0)
    layer = random_layer(random, cell, inputs=50, hidden=40, bias=False)
    x = 1e-3 * random.standard_normal((30, 3, 50)).astype(np.float32)
    assert decibels(layer.run(x)["Y"], run(layer, {"X": x})["Y"]) >= ENOUGH


SATURATING = {
    "large": lambda x: x * 100,
    "largest": lambda x: x * 1e30,
    "with an outlier": lambda x: x * np.where(np.arange(x.shape[2]) == 7, 100, 1),
}


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
@pytest.mark.parametrize("change", SATURATING.values(), ids=SATURATING)
def test_nothing_is_lost_but_by_rounding(cell, change):
    """These inputs give less than 38 dB, but all of the error comes from rounding weights, inputs and states."""
    random = np.random.default_rng(0)
    layer: Recurrence = random_layer(random, cell, inputs=50, hidden=40)
    x = change(random.standard_normal((30, 3, 50))).astype(np.float32)
    expected = layer.rounded().run(round_rows(x), round_states=True)["Y"]
    assert decibels(expected, run(layer, {"X": x})["Y"]) >= 50


@pytest.mark.usefixtures("level")
def test_every_unit_of_the_first_step_is_as_precise():
    """A sum that misses its correction in one column shows in one unit alone."""
    random = np.random.default_rng(0)
    expected, got = [], []
    for _ in range(200):
        layer = random_layer(random, inputs=60, hidden=3)
        x = random.standard_normal((1, 1, 60)).astype(np.float32)
        expected.append(layer.rounded().run(x)["Y"].ravel())
        got.append(run(layer, {"X": x}, outputs=("Y",))["Y"].ravel())
    each = [decibels(*unit) for unit in zip(np.transpose(expected), np.transpose(got), strict=True)]
    assert min(each) >= 50, each
