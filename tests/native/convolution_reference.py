"""Convolutions in INT8 on maps `[N, H, W, C]`, with exact sums, and models with one node of our ops."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from native.windows import attributes_of, result_of
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.operators import CONVOLUTION, CONVOLUTION_ADD, DOMAIN
from crnn_deploy.onnx_graph.qlinear_nhwc_conv import define_convolution_functions

Array = NDArray[Any]
INPUTS = ("X", "W", "W_scale", "B", "X_scale", "X_zero_point", "Y_scale", "Y_zero_point")
ADDED_INPUTS = ("Z", "Z_scale", "Z_zero_point", "sum_scale", "sum_zero_point")


class Convolution(NamedTuple):
    """A convolution of random bytes."""

    channels: int = 5
    filters: int = 7
    kernel: tuple[int, ...] = (3, 3)
    strides: tuple[int, ...] = (1, 1)
    pads: tuple[int, ...] = (1, 1, 1, 1)
    size: tuple[int, int, int] = (2, 9, 13)  # samples, height, width
    zeros: tuple[int, int] = (3, 128)  # of x and y
    bias: bool = True
    adds: bool = False
    seed: int = 0

    def inputs(self) -> tuple[str, ...]:
        """Names of all inputs of its node, in order."""
        return (*INPUTS, *ADDED_INPUTS) if self.adds else INPUTS

    def result(self) -> tuple[int, int, int]:
        """Samples, height and width of the result."""
        return result_of(self.size, self.kernel, self.strides, self.pads)


def constants_of(case: Convolution) -> dict[str, Array]:
    """All inputs but the maps, by name."""
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
    absent = () if case.bias else ("B",)
    return {name: np.asarray(values[name]) for name in case.inputs() if name in values and name not in absent}


def model_of(
    case: Convolution, fed: tuple[str, ...] = (), left_out: str = "", **stored: Array | np.generic
) -> onnx.ModelProto:
    """A model with one node of our ops.

    Args:
        case: its sizes and constants.
        fed: constants that come at run time instead.
        left_out: an input that is missing.
        stored: constants that replace the case's.
    """
    values = {**constants_of(case), **{name: np.asarray(value) for name, value in stored.items()}}
    maps = ["X", "Z"] if case.adds else ["X"]
    names = [name if name in (*maps, *values) and name != left_out else "" for name in case.inputs()]
    kinds = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in values.items()}
    op = CONVOLUTION_ADD if case.adds else CONVOLUTION
    node = helper.make_node(op, names, ["Y"], "conv", domain=DOMAIN)
    node.attribute.extend(attributes_of(strides=case.strides, pads=case.pads))
    graph = helper.make_graph(
        [node],
        "one node",
        [
            *(helper.make_tensor_value_info(name, TensorProto.UINT8, [None] * 4) for name in maps),
            *(helper.make_tensor_value_info(name, kinds[name], None) for name in fed),
        ],
        [helper.make_tensor_value_info("Y", TensorProto.UINT8, [None] * 4)],
        [numpy_helper.from_array(value, name) for name, value in values.items() if name in names and name not in fed],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    define_convolution_functions(model)
    return model


def maps_of(case: Convolution) -> dict[str, Array]:
    """Random maps that the case reads."""
    random = np.random.default_rng(case.seed + 1)
    feeds = {"X": random.integers(0, 256, (*case.size, case.channels)).astype(np.uint8)}
    if case.adds:
        feeds["Z"] = random.integers(0, 256, (*case.result(), case.filters)).astype(np.uint8)
    return feeds


def sums_of(case: Convolution, x: Array, values: dict[str, Array]) -> Array:
    """The sums of all products, exactly, `[N, H', W', M]`."""
    top, left, bottom, right = case.pads
    zero = int(values["X_zero_point"])
    padded = np.pad(x.astype(np.int64) - zero, ((0, 0), (top, bottom), (left, right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, case.kernel, (1, 2))
    windows = windows[:, :: case.strides[0], :: case.strides[1]]  # [N, H', W', C, kh, kw]
    sums: Array = np.einsum("nhwcij,mcij->nhwm", windows, values["W"].astype(np.int64)) + values.get("B", 0)
    return sums


def convolved(case: Convolution, x: Array, values: dict[str, Array]) -> Array:
    """The result before an addition: whole numbers, or NaN where FP32 has no number for it.

    Factors are in FP32, as ONNX Runtime has them.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        factors = values["X_scale"] * values["W_scale"] / values["Y_scale"]
        scaled = (sums_of(case, x, values).astype(np.float32) * factors).astype(np.float32)
        return np.clip(np.rint(scaled) + int(values["Y_zero_point"]), 0, 255)


def added(y: Array, z: Array, values: dict[str, Array]) -> Array:
    """y + z in steps of the sum, in float64 and not yet rounded."""
    y_scale, z_scale, sum_scale = (float(values[f"{name}_scale"]) for name in ("Y", "Z", "sum"))
    y_zero, z_zero, sum_zero = (int(values[f"{name}_zero_point"]) for name in ("Y", "Z", "sum"))
    numbers = y_scale * (y.astype(float) - y_zero) + z_scale * (z.astype(float) - z_zero)
    return numbers / sum_scale + sum_zero


def expected(case: Convolution, feeds: dict[str, Array], **stored: Array) -> Array:
    """The result, with constants that `stored` replaces. Where a map is added, halves may be rounded up or down."""
    values = {**constants_of(case), **stored}
    y = convolved(case, feeds["X"], values)
    if case.adds:
        y = np.clip(np.rint(added(y, feeds["Z"], values)), 0, 255)
    return y.astype(np.uint8)
