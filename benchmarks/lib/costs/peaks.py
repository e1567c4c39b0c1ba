"""Measures what one core does at most: products in ONNX Runtime, copies in NumPy, and nodes that compute nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from costs.profile import Profile
from costs.work import FP32, INT8, Peaks, Rate
from crnn_deploy.benchmark.timing import Act, InterleavedTimer
from crnn_deploy.runtime.onnxruntime import session_options

BLOCKS = (16 << 10, 256 << 10, 4 << 20, 64 << 20)
"""Bytes that are copied."""

SIDE = 1024
"""Rows and columns of the matrices that are multiplied; a convolution has a quarter as many channels."""

CHAIN = 200
"""Nodes in a row that compute nothing."""

EMPTY = {"x": np.zeros(1, np.float32)}
WARMUP = 2
_AT_ONCE = 4 << 20  # bytes that one call copies at least, so that the call itself does not count


def measured_peaks(rounds: int, seconds: float, side: int = SIDE) -> Peaks:
    """All peaks, measured in turns on one thread: at most `rounds`, and `seconds` for each.

    The fastest run by the CPU time of the thread counts, since a peak is what is never exceeded.
    """
    rng = np.random.default_rng(0)
    products = [product(kind, rng, side) for kind in (INT8, FP32)] + [
        convolution(kind, rng, side // 4) for kind in (INT8, FP32)
    ]
    idle = chain(CHAIN)
    acts = [*(running(each.model, each.feeds) for each in products), running(idle, EMPTY), *map(copying, BLOCKS)]
    times = [float(found.cpu.min()) for found in InterleavedTimer(rounds, seconds, WARMUP).time(acts)]
    of_products, (of_idle, *of_copies) = times[: len(products)], times[len(products) :]
    return Peaks(
        rates=[
            Rate(each.kind, each.name, 1e9 * each.operations / time)
            for each, time in zip(products, of_products, strict=True)
        ],
        copies={block: 1e9 * 2 * max(block, _AT_ONCE) / time for block, time in zip(BLOCKS, of_copies, strict=True)},
        node_us=of_idle / 1e3 / CHAIN,
        profiled_us=float(np.median([node.us for node in Profile(idle, EMPTY, rounds, seconds).nodes])),
    )


@dataclass(frozen=True)
class Product:
    """A model of one node that multiplies by constant weights."""

    kind: str
    name: str
    model: onnx.ModelProto
    feeds: dict[str, NDArray[Any]]
    operations: int


def product(kind: str, rng: np.random.Generator, side: int) -> Product:
    """A product of two square matrices."""
    given, weights = values(kind, rng, (side, side)), values(kind, rng, (side, side), weights=True)
    operator, result = ("MatMulInteger", TensorProto.INT32) if kind == INT8 else ("MatMul", TensorProto.FLOAT)
    model = one_node(helper.make_node(operator, ["x", "w"], ["y"]), given, result, {"w": weights})
    return Product(kind, f"{operator} of two matrices {side}×{side}", model, {"x": given}, 2 * side**3)


def convolution(kind: str, rng: np.random.Generator, channels: int) -> Product:
    """A dense 3×3 convolution of 16×64 pixels."""
    shape = (1, channels, 16, 64)
    given, weights = values(kind, rng, shape), values(kind, rng, (channels, channels, 3, 3), weights=True)
    constants: dict[str, NDArray[Any]] = {"w": weights}
    if kind == INT8:
        constants |= {"scale": np.float32(0.1), "zero": np.uint8(0), "none": np.int8(0), "out": np.float32(500)}
        inputs, operator = ["x", "scale", "zero", "w", "scale", "none", "out", "zero"], "QLinearConv"
    else:
        inputs, operator = ["x", "w"], "Conv"
    node = helper.make_node(operator, inputs, ["y"], pads=[1, 1, 1, 1])
    model = one_node(node, given, TensorProto.UINT8 if kind == INT8 else TensorProto.FLOAT, constants)
    name = f"{operator} 3×3 of {channels} channels"
    return Product(kind, name, model, {"x": given}, 2 * 9 * channels * given.size)


def values(kind: str, rng: np.random.Generator, shape: tuple[int, ...], weights: bool = False) -> NDArray[Any]:
    """Activations in uint8 and weights in int8, as ONNX Runtime is quickest with on x86; or both in FP32."""
    if kind == FP32:
        return rng.standard_normal(shape, np.float32)
    return rng.integers(-127, 128, shape, np.int8) if weights else rng.integers(0, 256, shape, np.uint8)


def one_node(
    node: onnx.NodeProto, given: NDArray[Any], result: int, constants: dict[str, NDArray[Any]]
) -> onnx.ModelProto:
    """A model of `x`, shaped as `given`, and of constants; `y` has as many axes."""
    x = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(given.dtype), given.shape)
    y = helper.make_tensor_value_info("y", result, [None] * given.ndim)
    weights = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()]
    return model_of(helper.make_graph([node], "product", [x], [y], weights))


def chain(count: int) -> onnx.ModelProto:
    """`count` nodes in a row that each take the absolute value of one number."""
    names = ["x", *(f"x{index}" for index in range(1, count + 1))]
    nodes = [helper.make_node("Abs", [given], [made], made) for given, made in pairwise(names)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in (names[0], names[-1])]
    return model_of(helper.make_graph(nodes, "chain", ends[:1], ends[1:]))


def model_of(graph: onnx.GraphProto) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def running(model: onnx.ModelProto, feeds: dict[str, NDArray[Any]]) -> Act:
    """Runs a model on one thread; ONNX Runtime may choose layouts for its convolutions."""
    session = ort.InferenceSession(model.SerializeToString(), session_options(1), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feeds)


def copying(block: int) -> Callable[[], None]:
    """Copies a block as often as makes 4 MB: to NumPy the block is one element, which stands in a row many times."""
    element = np.dtype(f"V{block}")
    source, target = (
        as_strided(array.view(element), (max(1, _AT_ONCE // block),), (0,))
        for array in (np.ones(block, np.uint8), np.zeros(block, np.uint8))
    )
    return lambda: np.copyto(target, source)
