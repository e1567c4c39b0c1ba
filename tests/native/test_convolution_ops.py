"""`QLinearNhwcConv` and `QLinearNhwcConvAdd`: what they compute, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native.convolution_reference import Convolution, constants_of, expected, maps_of, model_of
from native.reference import open_model

from crnn_deploy.quantization.rewrite.realised import realised_precision

pytestmark = pytest.mark.usefixtures("convolution_level")

MOST_SUM = 2**31 - 1


def run(case: Convolution, threads: int = 1, feeds: dict[str, np.ndarray] | None = None) -> np.ndarray:
    return open_model(model_of(case), threads).run(["Y"], feeds or maps_of(case))[0]


def assert_right(case: Convolution) -> None:
    feeds = maps_of(case)
    got, right = run(case, feeds=feeds), expected(case, feeds)
    assert got.shape == right.shape
    differences = np.abs(got.astype(int) - right)
    if case.adds:  # halves may be rounded up or down
        assert differences.max() <= 1
        assert (differences > 0).mean() < 0.01
    else:
        assert differences.max() == 0
    assert np.mean((right > 0) & (right < 255)) > 0.05  # most are no limits


CASES = {
    "one-pixel": Convolution(kernel=(1, 1), pads=(0, 0, 0, 0), size=(1, 1, 1)),
    "one-by-one": Convolution(channels=80, filters=32, kernel=(1, 1), pads=(0, 0, 0, 0), size=(1, 8, 24)),
    "one-channel": Convolution(channels=1, filters=16, strides=(2, 2), size=(1, 32, 97)),
    "both-strides": Convolution(channels=16, filters=80, strides=(2, 2), size=(1, 16, 48)),
    "only-down": Convolution(channels=48, filters=144, strides=(2, 1), size=(1, 4, 24)),
    "only-across": Convolution(strides=(1, 3)),
    "large-stride": Convolution(strides=(7, 5), size=(1, 20, 20)),
    "no-padding": Convolution(pads=(0, 0, 0, 0)),
    "uneven-padding": Convolution(pads=(0, 2, 1, 0), kernel=(2, 3)),
    "more-padding-than-kernel": Convolution(pads=(4, 5, 6, 7), kernel=(2, 2)),
    "all-rows": Convolution(channels=80, filters=96, kernel=(2, 1), pads=(0, 0, 0, 0), size=(1, 2, 24)),
    "wide": Convolution(kernel=(1, 7), pads=(0, 3, 0, 3)),
    "high": Convolution(kernel=(7, 1), pads=(3, 0, 3, 0)),
    "many-pixels": Convolution(channels=3, filters=17, size=(1, 40, 150)),
    "many-samples": Convolution(size=(9, 5, 6)),
    "many-channels": Convolution(channels=300, filters=33, size=(1, 3, 5)),
    "no-bias": Convolution(bias=False),
    "zero-of-x": Convolution(zeros=(0, 128)),
    "largest-zero-of-x": Convolution(zeros=(255, 128)),
    "ReLU": Convolution(zeros=(7, 0)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_known_answers(case: Convolution) -> None:
    assert_right(case)
    assert_right(case._replace(adds=True))


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 70),
    filters=st.integers(1, 70),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pads=st.tuples(*[st.integers(0, 3)] * 4),
    size=st.tuples(st.integers(1, 3), st.integers(4, 12), st.integers(4, 40)),
    zeros=st.tuples(st.integers(0, 255), st.integers(90, 160)),
    bias=st.booleans(),
    adds=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_any_convolution(**sizes: Any) -> None:
    case = Convolution(**sizes)
    feeds = maps_of(case)
    differences = np.abs(run(case, feeds=feeds).astype(int) - expected(case, feeds))
    assert differences.max() <= (1 if case.adds else 0)


@pytest.mark.parametrize(("name", "adds"), [("Y_scale", False), ("sum_scale", True)])
def test_what_is_far_out_of_range_becomes_the_first_or_the_last_byte(name: str, adds: bool) -> None:
    case = Convolution(adds=adds)
    stored, feeds = {name: np.asarray(1e-20, np.float32)}, maps_of(case)
    got = open_model(model_of(case, **stored)).run(["Y"], feeds)[0]
    assert set(np.unique(got)) == {0, 255}
    np.testing.assert_array_equal(got, expected(case, feeds, **stored))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_sample_gives_the_same_alone_and_in_a_batch(threads: int) -> None:
    case = Convolution(channels=9, filters=40, size=(5, 30, 40))
    x = maps_of(case)["X"]
    together = run(case, threads, {"X": x})
    for index in range(5):
        np.testing.assert_array_equal(run(case, feeds={"X": x[index : index + 1]})[0], together[index])


@pytest.mark.parametrize("adds", [False, True])
def test_the_definition_in_the_file_gives_the_same(adds: bool) -> None:
    case = Convolution(channels=12, filters=20, adds=adds)
    model, feeds = model_of(case), maps_of(case)
    assert realised_precision(model).int8 == {model.graph.node[0].op_type: 1}
    plain = ort.InferenceSession(model.SerializeToString()).run(["Y"], feeds)[0]
    np.testing.assert_array_equal(open_model(model).run(["Y"], feeds)[0], plain)


def refused(model: onnx.ModelProto, case: Convolution, *words: str, **fed: np.ndarray) -> None:
    with pytest.raises(Exception, match=r"ONNXRuntimeError|INVALID_ARGUMENT|ShapeInference") as error:
        open_model(model).run(["Y"], {**maps_of(case), **fed})
    assert any(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize("shape", [(2, 9, 13, 4), (2, 9, 13, 6), (0, 9, 13, 5), (2, 0, 13, 5), (2, 9, 0, 5)], ids=str)
def test_a_map_of_another_shape(shape: tuple[int, ...]) -> None:
    refused(model_of(Convolution()), Convolution(), "X has shape", X=np.ones(shape, np.uint8))


def test_a_map_that_is_smaller_than_the_kernel() -> None:
    case = Convolution(kernel=(3, 3), pads=(0, 0, 0, 0))
    refused(model_of(case), case, "smaller than the kernel", X=np.ones((1, 2, 13, 5), np.uint8))
    refused(model_of(case), case, "smaller than the kernel", X=np.ones((1, 13, 2, 5), np.uint8))


def test_another_map_of_another_shape() -> None:
    case = Convolution(adds=True)
    refused(model_of(case), case, "Z has shape", Z=np.ones((2, 9, 12, 7), np.uint8))


def test_weights_that_would_fill_the_memory() -> None:
    """Each of their rows is padded to a whole tile: of 4 MB they make 4 GB."""
    case = Convolution(bias=False)
    tall = {"W": np.zeros((1, 1, 2**22, 1), np.int8), "W_scale": np.ones(1, np.float32)}
    refused(model_of(case, **tall), case, "W is too large")


BAD_SCALES = [(name, np.float32(bad)) for name in ("X_scale", "Y_scale", "Z_scale") for bad in (0, -1, np.nan, np.inf)]
BAD = [
    *BAD_SCALES,
    ("X_scale", np.ones(1, np.float32)),
    ("W", np.full((7, 5, 3, 3), -128, np.int8)),
    ("W", np.ones((7, 5, 3), np.int8)),
    ("W", np.ones((0, 5, 3, 3), np.int8)),
    ("W_scale", np.ones(6, np.float32)),
    ("W_scale", np.full(7, np.nan, np.float32)),
    ("B", np.ones(8, np.int32)),
    ("B", np.full(7, MOST_SUM, np.int32)),
    ("B", np.full(7, -MOST_SUM - 1, np.int32)),
    ("Y_zero_point", np.ones((), np.int8)),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_bad_constants(name: str, value: np.ndarray) -> None:
    case = Convolution(adds=True)
    words = ("a scale", "W holds", "W has shape", "W_scale", "B has", "W and B", "Y_zero_point", "zero", "Inferred")
    refused(model_of(case, **{name: value}), case, *words)


@pytest.mark.parametrize(
    "changed",
    [{"strides": (0, 1)}, {"strides": (1,)}, {"strides": (1, 2**40)}, {"pads": (1, 1, 1, -1)}, {"pads": (1, 1)}],
    ids=str,
)
def test_bad_attributes(changed: dict[str, Any]) -> None:
    refused(model_of(Convolution()._replace(**changed)), Convolution(), "strides", "pads")


@pytest.mark.parametrize("name", ["W", "W_scale", "B", "X_scale", "Y_zero_point"])
def test_all_but_the_maps_must_be_constant(name: str) -> None:
    fed = {name: constants_of(Convolution())[name]}
    refused(model_of(Convolution(), fed=(name,)), Convolution(), "must be constant", **fed)
