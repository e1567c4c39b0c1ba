"""`QLinearNhwcConv`, `QLinearNhwcConvAdd` and `NhwcMaxPool`: what they compute, and what they refuse."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native.reference import open_model
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.native import KERNELS_VARIABLE, kernel_level, ort_custom_ops_path
from crnn_deploy.onnx_graph.operators import CONVOLUTION, CONVOLUTION_ADD, DOMAIN, MAX_POOL
from crnn_deploy.onnx_graph.qlinear_nhwc_conv import define_convolution_functions
from crnn_deploy.quantization.rewrite.realised import realised_precision

pytestmark = pytest.mark.skipif(ort_custom_ops_path() is None, reason="the library is not built here")

LEVELS = ("amx", "amx-emulated")  # those that have kernels for convolutions
MOST_SUM = 2**31 - 1


@pytest.fixture(params=LEVELS, autouse=True)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each level with kernels for convolutions that this processor has."""
    monkeypatch.setenv(KERNELS_VARIABLE, request.param)
    try:
        kernel_level()
    except Exception:
        pytest.skip(f"no {request.param} here")
    return str(request.param)


class Case(NamedTuple):
    """A convolution of random bytes."""

    channels: int = 5
    filters: int = 7
    kernel: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (1, 1, 1, 1)
    size: tuple[int, int, int] = (2, 9, 13)  # samples, height, width
    zeros: tuple[int, int] = (3, 128)  # of x and y
    bias: bool = True
    adds: bool = False
    seed: int = 0

    def result(self) -> tuple[int, int, int]:
        height, width = (
            (size + self.pads[axis] + self.pads[axis + 2] - self.kernel[axis]) // self.strides[axis] + 1
            for axis, size in enumerate(self.size[1:])
        )
        return self.size[0], height, width


def constants_of(case: Case) -> dict[str, np.ndarray]:
    random = np.random.default_rng(case.seed)
    weights = random.integers(-127, 128, (case.filters, case.channels, *case.kernel)).astype(np.int8)
    depth = weights[0].size
    values: dict[str, Any] = {
        "W": weights,
        "W_scale": random.uniform(0.005, 0.02, case.filters).astype(np.float32),
        "B": random.integers(-9000, 9000, case.filters).astype(np.int32),
        "X_scale": np.float32(0.02),
        "X_zero_point": np.uint8(case.zeros[0]),
        "Y_scale": np.float32(0.02 * 0.0125 * 74 * 74 * np.sqrt(depth) / 40),
        "Y_zero_point": np.uint8(case.zeros[1]),
        "Z_scale": np.float32(0.5),
        "Z_zero_point": np.uint8(100),
        "sum_scale": np.float32(0.7),
        "sum_zero_point": np.uint8(90),
    }
    return {name: np.asarray(value) for name, value in values.items()}


def model_of(case: Case, fed: tuple[str, ...] = (), **stored: np.ndarray | np.generic) -> onnx.ModelProto:
    """A model with one node, whose constants `stored` replaces, and which gets those named in `fed` at run time."""
    values = {**constants_of(case), **{name: np.asarray(value) for name, value in stored.items()}}
    names = ["X", "W", "W_scale", "B" if case.bias else "", "X_scale", "X_zero_point", "Y_scale", "Y_zero_point"]
    names += ["Z", "Z_scale", "Z_zero_point", "sum_scale", "sum_zero_point"] if case.adds else []
    kinds = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in values.items()}
    op = CONVOLUTION_ADD if case.adds else CONVOLUTION
    node = helper.make_node(op, names, ["Y"], "conv", domain=DOMAIN, strides=case.strides, pads=case.pads)
    maps = ["X", "Z"] if case.adds else ["X"]
    graph = helper.make_graph(
        [node],
        "one node",
        [
            helper.make_tensor_value_info(name, {"X": 2, "Z": 2, **kinds}[name], [None] * 4 if name in maps else None)
            for name in (*maps, *fed)
        ],
        [helper.make_tensor_value_info("Y", TensorProto.UINT8, [None] * 4)],
        [numpy_helper.from_array(value, name) for name, value in values.items() if name in names and name not in fed],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    define_convolution_functions(model)
    return model


def maps_of(case: Case) -> dict[str, np.ndarray]:
    random = np.random.default_rng(case.seed + 1)
    feeds = {"X": random.integers(0, 256, (*case.size, case.channels)).astype(np.uint8)}
    if case.adds:
        feeds["Z"] = random.integers(0, 256, (*case.result(), case.filters)).astype(np.uint8)
    return feeds


def run(case: Case, threads: int = 1, feeds: dict[str, np.ndarray] | None = None) -> np.ndarray:
    return open_model(model_of(case), threads).run(["Y"], feeds or maps_of(case))[0]


def sums_of(case: Case, x: np.ndarray) -> np.ndarray:
    """The sums of all products, exactly, `[N, H', W', M]`."""
    values = constants_of(case)
    top, left, bottom, right = case.pads
    zero = int(values["X_zero_point"])
    padded = np.pad(x.astype(np.int64) - zero, ((0, 0), (top, bottom), (left, right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, case.kernel, (1, 2))
    windows = windows[:, :: case.strides[0], :: case.strides[1]]  # [N, H', W', C, kh, kw]
    sums = np.einsum("nhwcij,mcij->nhwm", windows, values["W"].astype(np.int64))
    return sums + (values["B"] if case.bias else 0)


def expected(case: Case, feeds: dict[str, np.ndarray]) -> np.ndarray:
    """The result, with factors in FP32 as ONNX Runtime has them."""
    values = constants_of(case)
    factors = values["X_scale"] * values["W_scale"] / values["Y_scale"]
    scaled = (sums_of(case, feeds["X"]).astype(np.float32) * factors).astype(np.float32)
    y = np.clip(np.rint(scaled) + int(values["Y_zero_point"]), 0, 255)
    if case.adds:
        numbers = values["Y_scale"] * (y - int(values["Y_zero_point"])) + 0.5 * (feeds["Z"].astype(float) - 100)
        y = np.clip(np.rint(numbers / values["sum_scale"].astype(float)) + 90, 0, 255)
    return y.astype(np.uint8)


def assert_right(case: Case) -> None:
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
    "one-pixel": Case(kernel=(1, 1), pads=(0, 0, 0, 0), size=(1, 1, 1)),
    "one-by-one": Case(channels=80, filters=32, kernel=(1, 1), pads=(0, 0, 0, 0), size=(1, 8, 24)),
    "one-channel": Case(channels=1, filters=16, strides=(2, 2), size=(1, 32, 97)),
    "both-strides": Case(channels=16, filters=80, strides=(2, 2), size=(1, 16, 48)),
    "only-down": Case(channels=48, filters=144, strides=(2, 1), size=(1, 4, 24)),
    "only-across": Case(strides=(1, 3)),
    "large-stride": Case(strides=(7, 5), size=(1, 20, 20)),
    "no-padding": Case(pads=(0, 0, 0, 0)),
    "uneven-padding": Case(pads=(0, 2, 1, 0), kernel=(2, 3)),
    "more-padding-than-kernel": Case(pads=(4, 5, 6, 7), kernel=(2, 2)),
    "all-rows": Case(channels=80, filters=96, kernel=(2, 1), pads=(0, 0, 0, 0), size=(1, 2, 24)),
    "wide": Case(kernel=(1, 7), pads=(0, 3, 0, 3)),
    "high": Case(kernel=(7, 1), pads=(3, 0, 3, 0)),
    "many-pixels": Case(channels=3, filters=17, size=(1, 40, 150)),
    "many-samples": Case(size=(9, 5, 6)),
    "many-channels": Case(channels=300, filters=33, size=(1, 3, 5)),
    "no-bias": Case(bias=False),
    "zero-of-x": Case(zeros=(0, 128)),
    "largest-zero-of-x": Case(zeros=(255, 128)),
    "ReLU": Case(zeros=(7, 0)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_known_answers(case: Case) -> None:
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
    case = Case(**sizes)
    feeds = maps_of(case)
    differences = np.abs(run(case, feeds=feeds).astype(int) - expected(case, feeds))
    assert differences.max() <= (1 if case.adds else 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_sample_gives_the_same_alone_and_in_a_batch(threads: int) -> None:
    case = Case(channels=9, filters=40, size=(5, 30, 40))
    x = maps_of(case)["X"]
    together = run(case, threads, {"X": x})
    for index in range(5):
        np.testing.assert_array_equal(run(case, feeds={"X": x[index : index + 1]})[0], together[index])


@pytest.mark.parametrize("adds", [False, True])
def test_the_definition_in_the_file_gives_the_same(adds: bool) -> None:
    case = Case(channels=12, filters=20, adds=adds)
    model, feeds = model_of(case), maps_of(case)
    assert realised_precision(model).int8 == {model.graph.node[0].op_type: 1}
    plain = ort.InferenceSession(model.SerializeToString()).run(["Y"], feeds)[0]
    np.testing.assert_array_equal(open_model(model).run(["Y"], feeds)[0], plain)


def refused(model: onnx.ModelProto, case: Case, *words: str, **fed: np.ndarray) -> None:
    with pytest.raises(Exception, match=r"ONNXRuntimeError|INVALID_ARGUMENT|ShapeInference") as error:
        open_model(model).run(["Y"], {**maps_of(case), **fed})
    assert any(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize("shape", [(2, 9, 13, 4), (2, 9, 13, 6), (0, 9, 13, 5), (2, 0, 13, 5), (2, 9, 0, 5)], ids=str)
def test_a_map_of_another_shape(shape: tuple[int, ...]) -> None:
    refused(model_of(Case()), Case(), "X has shape", X=np.ones(shape, np.uint8))


def test_a_map_that_is_smaller_than_the_kernel() -> None:
    case = Case(kernel=(3, 3), pads=(0, 0, 0, 0))
    refused(model_of(case), case, "smaller than the kernel", X=np.ones((1, 2, 13, 5), np.uint8))
    refused(model_of(case), case, "smaller than the kernel", X=np.ones((1, 13, 2, 5), np.uint8))


def test_another_map_of_another_shape() -> None:
    case = Case(adds=True)
    refused(model_of(case), case, "Z has shape", Z=np.ones((2, 9, 12, 7), np.uint8))


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
    case = Case(adds=True)
    words = ("a scale", "W holds", "W has shape", "W_scale", "B has", "W and B", "Y_zero_point", "zero", "Inferred")
    refused(model_of(case, **{name: value}), case, *words)


@pytest.mark.parametrize(
    "changed",
    [{"strides": (0, 1)}, {"strides": (1,)}, {"strides": (1, 2**40)}, {"pads": (1, 1, 1, -1)}, {"pads": (1, 1)}],
    ids=str,
)
def test_bad_attributes(changed: dict[str, Any]) -> None:
    refused(model_of(Case()._replace(**changed)), Case(), "strides", "pads")


@pytest.mark.parametrize("name", ["W", "W_scale", "B", "X_scale", "Y_zero_point"])
def test_all_but_the_maps_must_be_constant(name: str) -> None:
    fed = {name: constants_of(Case())[name]}
    refused(model_of(Case(), fed=(name,)), Case(), "must be constant", **fed)


class Pooling(NamedTuple):
    """A maximum pooling of random bytes."""

    kernel: tuple[int, int] = (2, 2)
    strides: tuple[int, int] = (2, 2)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    size: tuple[int, int, int, int] = (2, 9, 13, 20)


def pool_model(case: Pooling) -> onnx.ModelProto:
    attributes = {"kernel_shape": case.kernel, "strides": case.strides, "pads": case.pads}
    node = helper.make_node(MAX_POOL, ["X"], ["Y"], "pool", domain=DOMAIN, **attributes)
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, [None] * 4) for name in ("X", "Y")]
    graph = helper.make_graph([node], "one node", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    define_convolution_functions(model)
    return model


POOLINGS = [
    Pooling(),
    Pooling(strides=(2, 1)),
    Pooling(kernel=(3, 3), pads=(1, 1, 1, 1)),
    Pooling(kernel=(3, 2), strides=(1, 3), pads=(2, 0, 0, 1)),
    Pooling(kernel=(9, 13), size=(3, 9, 13, 1)),
    Pooling(size=(1, 64, 200, 5)),
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", POOLINGS, ids=str)
def test_the_largest_of_each_window(case: Pooling, threads: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, case.size).astype(np.uint8)
    top, left, bottom, right = case.pads
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, case.kernel, (1, 2))
    expected = windows[:, :: case.strides[0], :: case.strides[1]].max((-2, -1))
    model = pool_model(case)
    np.testing.assert_array_equal(open_model(model, threads).run(["Y"], {"X": x})[0], expected)
    plain = ort.InferenceSession(model.SerializeToString()).run(["Y"], {"X": x})[0]
    np.testing.assert_array_equal(plain, expected)


@pytest.mark.parametrize(
    ("changed", "shape"),
    [
        ({"kernel": (0, 2)}, (1, 9, 9, 3)),
        ({"kernel": (2,)}, (1, 9, 9, 3)),
        ({"strides": (1, -1)}, (1, 9, 9, 3)),
        ({"pads": (2, 0, 0, 0)}, (1, 9, 9, 3)),
        ({}, (1, 1, 9, 3)),
        ({}, (1, 9, 9, 0)),
    ],
    ids=str,
)
def test_bad_poolings(changed: dict[str, Any], shape: tuple[int, ...]) -> None:
    model = pool_model(Pooling()._replace(**changed))
    with pytest.raises(Exception, match=r"kernel|strides|pads|shape"):
        open_model(model).run(["Y"], {"X": np.ones(shape, np.uint8)})
