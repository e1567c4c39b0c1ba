"""What the kernels compute. Their precision is tested in test_precision.py."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from native.reference import INPUTS, one_node, open_model, random_layer, run
from onnx import TensorProto, helper

from crnn_deploy.native import LIBRARY_VARIABLE
from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS

DIRECTIONS = ("forward", "reverse", "bidirectional")
CLOSE = 0.02  # largest difference of states, which are between -1 and 1


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def batch(random, layer, steps=11, samples=5):
    """All inputs that a layer can take at run time."""
    states = len(layer.w), samples, layer.hidden
    feeds = {
        "X": random.standard_normal((steps, samples, layer.w.shape[2])),
        "sequence_lens": random.integers(1, steps + 1, samples),
        "initial_h": random.uniform(-1, 1, states),
        "initial_c": random.uniform(-1, 1, states),
    }
    if layer.cell == "GRU":
        del feeds["initial_c"]
    return {name: value.astype(helper.tensor_dtype_to_np_dtype(INPUTS[name][0])) for name, value in feeds.items()}


def of_sample(values, index, length=None):
    """The inputs or outputs of one sample of a batch."""
    axes = {"X": 1, "sequence_lens": 0, "initial_h": 1, "initial_c": 1, "Y": 2, "Y_h": 1, "Y_c": 1}
    chosen = {name: np.take(array, [index], axes[name]) for name, array in values.items()}
    return {name: array[:length] if name in ("X", "Y") else array for name, array in chosen.items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], name)


def assert_close(expected, got, atol=CLOSE):
    for name in got:
        np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=atol, err_msg=name)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", OUTPUTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_lengths_and_first_states(random, cell, direction):
    layer = random_layer(random, cell, 50, 37, direction)
    feeds = batch(random, layer, samples=19)
    assert_close(layer.run(**{name.replace("X", "x"): array for name, array in feeds.items()}), run(layer, feeds))


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("samples", [16, 17, 32, 33, 48, 49, 70])
def test_every_sample_of_a_large_batch(random, samples):
    layer = random_layer(random, "GRU", 50, 37, "bidirectional")
    feeds = batch(random, layer, samples=samples)
    assert_close(layer.run(**{name.replace("X", "x"): array for name, array in feeds.items()}), run(layer, feeds))


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", OUTPUTS)
def test_a_sample_gives_the_same_alone_and_padded_in_a_batch(random, cell):
    layer = random_layer(random, cell, 30, 21, "bidirectional")
    feeds = batch(random, layer, samples=37)
    together = run(layer, feeds)
    session = open_model(one_node(layer, tuple(feeds.keys() - {"X", "sequence_lens"})))
    for index, length in enumerate(feeds["sequence_lens"]):
        alone = of_sample(feeds, index, length)
        del alone["sequence_lens"]
        got = dict(zip(OUTPUTS[cell], session.run(OUTPUTS[cell], alone), strict=True))
        assert_same(of_sample(together, index, length), got)
        assert not together["Y"][length:, :, index].any()


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("cell", OUTPUTS)
def test_an_empty_sample_ends_in_zeros(random, cell):
    layer = random_layer(random, cell, direction="bidirectional")
    feeds = batch(random, layer)
    feeds["sequence_lens"][2] = 0
    got = run(layer, feeds)
    assert not got["Y"][:, :, 2].any()
    assert not any(got[name][:, 2].any() for name in OUTPUTS[cell][1:])


def subsets(names):
    return itertools.chain.from_iterable(itertools.combinations(names, count) for count in range(len(names) + 1))


ASKED = [(cell, asked) for cell, names in OUTPUTS.items() for asked in subsets(names) if asked]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("cell", "asked"), ASKED, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_any_inputs_and_outputs_may_be_left_out(random, cell, asked, bias):
    layer = random_layer(random, cell, 9, 7, "bidirectional", bias)
    feeds = batch(random, layer)
    for optional in subsets(feeds.keys() - {"X"}):
        fed = {name: feeds[name] for name in ("X", *optional)}
        expected = layer.run(**{name.replace("X", "x"): array for name, array in fed.items()})
        got = run(layer, fed, outputs=asked)
        assert tuple(got) == asked
        assert_close(expected, got)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("threads", [2, 4])
def test_threads_change_nothing(random, threads):
    layer = random_layer(random, "GRU", 20, 17, "bidirectional")
    feeds = batch(random, layer, 30, 50)
    assert_same(run(layer, feeds), run(layer, feeds, threads))


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("threads", [1, 2])
def test_runs_at_the_same_time_do_not_mix(random, threads):
    layer = random_layer(random, "LSTM", 20, 17, "bidirectional")
    batches = [batch(random, layer, steps, samples) for steps, samples in itertools.product((1, 30), (1, 7, 33))] * 4
    session = open_model(one_node(layer, tuple(batches[0].keys() - {"X"})), threads)
    expected = [session.run(None, feeds) for feeds in batches]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda feeds: session.run(None, feeds), batches))
    for one, other in zip(expected, got, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", OUTPUTS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("hidden", [21, 7])  # with 30 inputs, 8 bits of X and 16
def test_a_bad_number_spoils_what_follows_it_in_its_sample_and_nothing_else(random, cell, bad, hidden):
    layer = random_layer(random, cell, 30, hidden, "bidirectional")
    feeds = {"X": random.standard_normal((9, 20, 30)).astype(np.float32)}
    clean = run(layer, feeds)
    feeds["X"][4, 7, 29] = bad
    got = run(layer, feeds)
    spoiled = np.zeros(clean["Y"].shape, bool)
    spoiled[4:, 0, 7] = spoiled[:5, 1, 7] = True
    assert np.isnan(got["Y"][spoiled]).all()
    np.testing.assert_array_equal(got["Y"][~spoiled], clean["Y"][~spoiled])
    assert np.isnan(got["Y_h"][:, 7]).all()


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", OUTPUTS)
def test_the_largest_float_is_a_number_like_any_other(random, cell):
    layer = random_layer(random, cell, 30, 21, "bidirectional")
    x = random.standard_normal((9, 5, 30)).astype(np.float32)
    largest = np.finfo(np.float32).max
    x[4, 2, 7], x[5, 3, 29] = largest, -largest
    got = run(layer, {"X": x})
    assert all(np.isfinite(array).all() for array in got.values())
    with np.errstate(over="ignore"):
        slightly_less = run(layer, {"X": np.clip(x, -0.999 * largest, 0.999 * largest)})
    assert_close(slightly_less, got)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("cell", OUTPUTS)
def test_sixteen_bits_add_nothing_where_eight_are_exact(random, cell):
    """Layers with many inputs round X to 16 bits: here because of inputs that are all zero."""
    narrow = random_layer(random, cell, 20, 6)
    wide = replace(narrow, w=np.pad(narrow.w, ((0, 0), (0, 0), (0, 44))))
    x = random.integers(-126, 127, (9, 3, 20)).astype(np.float32)
    x[..., 7] = 127
    assert_same(run(narrow, {"X": x / 32}), run(wide, {"X": np.pad(x, ((0, 0), (0, 0), (0, 44))) / 32}))


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    "fed", [("W", "W_scale", "R", "R_scale", "B"), ("R",), ("B",), ("W_scale", "initial_h")], ids=str
)
def test_weights_may_come_at_run_time(random, fed):
    first, second = (random_layer(random, "GRU", 12, 10, "bidirectional") for _ in range(2))
    feeds = batch(random, first)
    del feeds["sequence_lens"]
    weights = [{name: layer.stored()[name] for name in fed if name != "initial_h"} for layer in (first, second, first)]
    session = open_model(one_node(first, (*weights[0], "initial_h")))
    got = [dict(zip(OUTPUTS["GRU"], session.run(None, {**feeds, **stored}), strict=True)) for stored in weights]
    assert_same(got[0], got[2])
    assert_same(got[0], run(first, feeds))
    assert np.abs(got[1]["Y"] - got[0]["Y"]).max() > 0.05


@pytest.mark.usefixtures("library")
def test_weights_may_be_computed_by_another_node(random):
    layer = random_layer(random)
    feeds = batch(random, layer)
    model = one_node(layer, ("W", *(feeds.keys() - {"X"})))
    (w,) = (value for value in model.graph.input if value.name == "W")
    w.CopyFrom(helper.make_tensor_value_info("W float", TensorProto.FLOAT, None))
    model.graph.node.insert(0, helper.make_node("Cast", ["W float"], ["W"], to=TensorProto.INT8))
    got = open_model(model).run(None, {**feeds, "W float": layer.stored()["W"].astype(np.float32)})
    assert_same(dict(zip(OUTPUTS["GRU"], got, strict=True)), run(layer, feeds))


@pytest.mark.parametrize("cell", OUTPUTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_same_meaning_as_the_function_body(random, monkeypatch, library, cell, direction):
    assert library
    layer = random_layer(random, cell, 20, 15, direction)
    feeds = batch(random, layer)
    feeds["sequence_lens"][1] = 0
    ours = run(layer, feeds)
    monkeypatch.setenv(LIBRARY_VARIABLE, "")
    assert_close(run(layer, feeds), ours)
