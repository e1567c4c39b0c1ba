"""`QLinearGRU` and `QLinearLSTM`: what they compute, and what they refuse."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from native.linear_reference import IN, OUT, Bytes, constants_of, exact, one_node
from native.reference import Recurrence, decibels, open_model, random_layer

from crnn_deploy.native import LIBRARY_VARIABLE

CELLS = ("GRU", "LSTM")
DIRECTIONS = ("forward", "reverse", "bidirectional")
CLOSE = 1  # largest difference of bytes, where what is rounded on the way is the same
SIMILAR = 3  # largest difference of bytes where 255 steps are 2; states may differ by .02
ENOUGH = 36.0  # dB; rounding Y to bytes costs up to 2 of the 38 dB of the layer


def model_of(
    layer: Recurrence, x: Bytes = IN, y: Bytes = OUT, fed: tuple[str, ...] = (), **stored: np.ndarray
) -> onnx.ModelProto:
    """A model with one node, whose constants `stored` replaces, and which gets those named in `fed` at run time."""
    constants = {**constants_of(layer, x, y), **{name: np.asarray(array) for name, array in stored.items()}}
    return one_node(layer, constants, fed)


def run(model: onnx.ModelProto, x: np.ndarray, threads: int = 1) -> np.ndarray:
    return open_model(model, threads).run(["Y"], {"X": x})[0]


def map_of(samples: int, steps: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (samples, 1, steps, channels)).astype(np.uint8)


def assert_close(got: np.ndarray, layer: Recurrence, x: np.ndarray, read: Bytes = IN) -> None:
    assert np.abs(got.astype(int) - OUT.rounded(exact(layer, x, read, rounded=True))).max() <= CLOSE


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_both_cells_in_all_directions(cell, direction):
    layer = random_layer(np.random.default_rng(1), cell, 50, 37, direction)
    x = map_of(19, 11, 50)
    got = run(model_of(layer), x)
    assert_close(got, layer, x)
    assert decibels(exact(layer, x), OUT.numbers(got)) >= ENOUGH


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize(("channels", "hidden"), [(1, 1), (3, 2), (64, 16), (65, 17), (200, 3)], ids=str)
def test_sizes_that_fill_no_vector(channels, hidden):
    layer = random_layer(np.random.default_rng(2), "GRU", channels, hidden, "bidirectional")
    x = map_of(3, 7, channels)
    assert_close(run(model_of(layer), x), layer, x)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("zero", [0, 128, 255])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_any_zero_point_of_the_input(zero, bias):
    layer = random_layer(np.random.default_rng(3), "GRU", 30, 20, "bidirectional", bias)
    read = Bytes(0.01, zero)
    x = map_of(2, 9, 30)
    assert_close(run(model_of(layer, x=read), x), layer, x, read)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("zero", [0, 128, 255])
@pytest.mark.parametrize("scale", [1e-4, 1e-20])
def test_what_is_out_of_range_becomes_the_first_or_the_last_byte(zero, scale):
    layer = random_layer(np.random.default_rng(4), "GRU", 30, 20)
    x, written = map_of(2, 9, 30), Bytes(scale, zero)
    numbers = exact(layer, x)
    far = np.abs(numbers) > 0.1
    assert far.mean() > 0.3
    np.testing.assert_array_equal(run(model_of(layer, y=written), x)[far], np.where(numbers > 0, 255, 0)[far])


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_sample_gives_the_same_alone_and_in_a_batch(threads):
    layer = random_layer(np.random.default_rng(5), "LSTM", 20, 17, "bidirectional")
    x = map_of(35, 6, 20)
    together = run(model_of(layer), x, threads)
    for index in (0, 15, 16, 34):
        np.testing.assert_array_equal(run(model_of(layer), x[index : index + 1])[0], together[index])


@pytest.mark.usefixtures("library")
def test_the_second_result_is_the_scale():
    (scale,) = open_model(model_of(random_layer(np.random.default_rng(0)))).run(["scale"], {"X": map_of(1, 2, 24)})
    assert scale.shape == ()
    assert scale == np.float32(OUT.scale)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_same_meaning_as_the_function_body(monkeypatch, library, cell, direction):
    assert library
    model = model_of(random_layer(np.random.default_rng(6), cell, 20, 15, direction))
    x = map_of(5, 11, 20)
    ours = run(model, x)
    monkeypatch.setenv(LIBRARY_VARIABLE, "")
    assert np.abs(run(model, x).astype(int) - ours).max() <= SIMILAR


def refused(model: onnx.ModelProto, x: np.ndarray, *words: str, **fed: np.ndarray) -> None:
    with pytest.raises(Exception, match=r"ONNXRuntimeError|INVALID_ARGUMENT|ShapeInference") as error:
        open_model(model).run(["Y"], {"X": x, **fed})
    assert any(word in str(error.value) for word in words), error.value


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "shape", [(2, 1, 9, 23), (2, 1, 9, 25), (2, 2, 9, 24), (2, 9, 24), (2, 0, 9, 24), (0, 1, 9, 24), (2, 1, 0, 24), ()]
)
def test_an_input_of_another_shape(shape):
    refused(model_of(random_layer(np.random.default_rng(0))), np.ones(shape, np.uint8), "X has shape", "X_dequantized")


BAD = [("X_scale", np.float32(value)) for value in (0, -1, np.nan, np.inf)]
BAD += [("Y_scale", np.float32(value)) for value in (0, -1, np.nan, np.inf)]
BAD += [("X_scale", np.ones(1, np.float32)), ("Y_zero_point", np.ones((), np.int8)), ("W", np.full((1, 60, 24), -128))]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_bad_constants(name, value):
    array = value.astype(np.int8) if name == "W" else value
    model = model_of(random_layer(np.random.default_rng(0)), **{name: array})
    refused(model, map_of(1, 2, 24), "a scale", "zero", "Y_zero_point", "W holds")


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("name", ["X_scale", "Y_zero_point", "W", "R_scale", "B"])
def test_all_but_the_input_must_be_constant(name):
    layer = random_layer(np.random.default_rng(0))
    values = {**layer.stored(), "X_scale": np.float32(1), "Y_zero_point": np.uint8(128)}
    refused(model_of(layer, fed=(name,)), map_of(1, 2, 24), "must be constant", **{name: np.asarray(values[name])})
