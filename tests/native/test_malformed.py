"""A wrong model or input gives an error that names what is wrong, never a crash."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from native.reference import one_node, open_model, random_layer
from onnx import numpy_helper

C, H, N, T = 6, 5, 3, 4
CELLS = ("GRU", "LSTM")
NAN, INF = np.float32("nan"), np.float32("inf")
pytestmark = pytest.mark.usefixtures("library")


def layer(cell="GRU", direction="bidirectional"):
    return random_layer(np.random.default_rng(0), cell, C, H, direction)


def feeds(**changed):
    good = {"X": np.ones((T, N, C), np.float32)}
    return {**good, **changed}


def attempt(model, inputs):
    """Open and run the model. Which of both raises depends on ONNX's shape inference."""
    return open_model(model).run(None, inputs)


def refused(model, inputs, *words):
    with pytest.raises(Exception, match=r"ONNXRuntimeError|INVALID_ARGUMENT|Required inputs|ShapeInference") as error:
        attempt(model, inputs)
    message = str(error.value)
    assert any(word in message for word in words), message


def ones(*shape, kind=np.float32):
    return np.ones(shape, kind)


ROWS = 3 * H
WRONG_SHAPES = {
    "W": [(2, ROWS + 1, C), (1, ROWS, C), (2, ROWS), (2, ROWS, 0), (2, 0, C), (0, ROWS, C), ()],
    "W_scale": [(2, ROWS, 2), (2, ROWS), (1, ROWS, 1), (2, 1, 1), (), (2, 0, 1)],
    "R": [(2, ROWS, H + 1), (2, ROWS - 1, H), (1, ROWS, H), (ROWS, H), (2, ROWS, 0), ()],
    "R_scale": [(2, ROWS, H), (2, ROWS), (3, ROWS, 1), (), (2, 0, 1)],
    "B": [(2, ROWS), (2, 2 * ROWS, 1), (1, 2 * ROWS), (2 * ROWS,), (), (2, 0)],
    "X": [(T, N, C - 1), (T, N, C + 1), (T, N), (T, N, C, 1), (T, N, 0), (T, 0, C), (0, N, C), ()],
    "sequence_lens": [(N + 1,), (1,), (N, 1), (), (0,)],
    "initial_h": [(2, N, H + 1), (1, N, H), (2, N + 1, H), (N, H), (), (2, 0, H)],
    "initial_c": [(2, N, H - 1), (2, N), (2, 1, H), (0, N, H)],
}
KINDS = {"W": np.int8, "R": np.int8, "sequence_lens": np.int32}
CASES = [(name, shape) for name, shapes in WRONG_SHAPES.items() for shape in shapes]


@pytest.mark.parametrize(("name", "shape"), CASES, ids=str)
@pytest.mark.parametrize("constant", [True, False], ids=["constant", "fed"])
def test_wrong_shapes(name, shape, constant):
    array = ones(*shape, kind=KINDS.get(name, np.float32))
    cell = "LSTM" if name == "initial_c" else "GRU"
    if name == "X":
        model, inputs = one_node(layer(cell)), {"X": array}
    elif constant:
        model, inputs = one_node(layer(cell), stored={name: array}), feeds()
    else:
        model, inputs = one_node(layer(cell), (name,)), feeds(**{name: array})
    for value in model.graph.input:  # otherwise the session refuses it before our op checks it
        value.type.tensor_type.ClearField("shape")
    refused(model, inputs, name, f"input_{name}")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("hidden", [0, -1, H + 1, 2 * H, 2**31, 2**62, -(2**63)])
def test_a_hidden_size_that_does_not_fit(cell, hidden):
    refused(one_node(layer(cell), hidden_size=hidden), feeds(), "hidden_size", "W has shape")


@pytest.mark.parametrize("direction", ["", "sideways", "Forward", "forward\0", "é" * 1000])
def test_an_unknown_direction(direction):
    refused(one_node(layer(), direction=direction), feeds(), "direction")


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_a_direction_too_many(direction):
    refused(one_node(layer(), direction=direction), feeds(), "W has shape")


BAD_NUMBERS = [(name, bad) for name in ("W_scale", "R_scale") for bad in (NAN, INF, -INF, -1e-3)]
BAD_NUMBERS += [("B", bad) for bad in (NAN, INF, -INF)] + [("W", -128), ("R", -128)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("name", "bad"), BAD_NUMBERS)
@pytest.mark.parametrize("constant", [True, False], ids=["constant", "fed"])
def test_bad_numbers(cell, name, bad, constant):
    array = layer(cell).stored()[name].copy()
    array.flat[-1] = bad
    stored = {name: array}
    model = one_node(layer(cell), stored=stored) if constant else one_node(layer(cell), (name,))
    refused(model, feeds() if constant else feeds(**stored), f"{name} holds")


@pytest.mark.parametrize("lengths", [[T + 1, 1, 1], [1, -1, 1], [1, 1, 2**31 - 1], [-(2**31), 1, 1]], ids=str)
def test_lengths_out_of_range(lengths):
    inputs = feeds(sequence_lens=np.array(lengths, np.int32))
    refused(one_node(layer(), ("sequence_lens",)), inputs, "sequence_lens")


@pytest.mark.parametrize("name", ["X", "W", "W_scale", "R", "R_scale"])
def test_a_missing_input(name):
    model = one_node(layer())
    node = model.graph.node[0]
    node.input[list(node.input).index(name)] = ""
    refused(model, feeds(), name, "layer", "QGRU")


@pytest.mark.parametrize("name", ["W", "R", "W_scale", "B"])
def test_a_wrong_type(name):
    stored = {name: layer().stored()[name].astype(np.float64)}
    refused(one_node(layer(), stored=stored), feeds(), name)


@pytest.mark.parametrize("attribute", ["hidden_size", "direction"])
def test_a_missing_attribute(attribute):
    model = one_node(layer())
    (node,) = model.graph.node
    others = [each for each in node.attribute if each.name != attribute]
    del node.attribute[:]
    node.attribute.extend(others)
    refused(model, feeds(), attribute)


@pytest.mark.parametrize("cell", CELLS)
def test_too_many_inputs_and_outputs(cell):
    model = one_node(layer(cell))
    model.graph.node[0].input.extend(["X"] * 12)
    refused(model, feeds(), "layer", "Q" + cell)
    model = one_node(layer(cell))
    model.graph.node[0].output.extend([f"more {i}" for i in range(12)])
    refused(model, feeds(), "layer", "Q" + cell)


def test_more_inputs_than_sums_can_hold():
    wide = 2**16 + 1
    stored = {"W": ones(2, ROWS, wide, kind=np.int8)}
    refused(one_node(layer(), stored=stored), {"X": ones(1, 1, wide)}, "W has more than 65536 columns")


def test_huge_but_finite_numbers_do_not_crash():
    stored = {name: np.full_like(array, 3e38) for name, array in layer().stored().items() if array.dtype != np.int8}
    y, last = attempt(one_node(layer(), stored=stored), feeds(X=np.full((T, N, C), 3e38, np.float32)))
    assert y.shape == (T, 2, N, H)
    assert last.shape == (2, N, H)


PLAIN = """
import sys, numpy as np, onnxruntime as ort
options = ort.SessionOptions()
options.register_custom_ops_library(sys.argv[2])
try:
    session = ort.InferenceSession(sys.argv[1], options)
    session.run(None, {"X": np.ones((4, 3, 6), np.float32)})
except Exception as error:
    print(error)
"""


def sizes_that_lie(model):
    """The file declares a huge W, but contains little data."""
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "W")
    tensor.dims[1] = 2**40


def no_data(model):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "R_scale")
    tensor.CopyFrom(numpy_helper.from_array(np.zeros((0, 0, 0), np.float32), "R_scale"))


def negative_sizes(model):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "B")
    tensor.dims[0] = -2


@pytest.mark.parametrize("spoil", [sizes_that_lie, no_data, negative_sizes])
def test_files_that_lie(tmp_path, library, spoil):
    """In another process, so that a crash does not end the tests."""
    model = one_node(layer())
    spoil(model)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    command = [sys.executable, "-c", PLAIN, tmp_path / "model.onnx", library]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ONNXRuntimeError" in done.stdout
