"""Maximum poolings of bytes on maps `[N, H, W, C]`, and models with one node of our op."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import onnx
from native.windows import attributes_of, result_of
from numpy.typing import NDArray
from onnx import TensorProto, helper

from crnn_deploy.onnx_graph.operators import DOMAIN, MAX_POOL
from crnn_deploy.onnx_graph.qlinear_nhwc_conv import define_convolution_functions

Array = NDArray[Any]


class Pooling(NamedTuple):
    """A maximum pooling of random bytes."""

    kernel: tuple[int, ...] = (2, 2)
    strides: tuple[int, ...] = (2, 2)
    pads: tuple[int, ...] = (0, 0, 0, 0)
    size: tuple[int, ...] = (2, 9, 13, 20)  # samples, height, width, channels

    def result(self) -> tuple[int, int, int]:
        """Samples, height and width of the result."""
        return result_of(self.size, self.kernel, self.strides, self.pads)


def model_of(case: Pooling, left_out: str = "") -> onnx.ModelProto:
    """A model with one node of our op; without its input where that is `left_out`."""
    node = helper.make_node(MAX_POOL, ["" if left_out else "X"], ["Y"], "pool", domain=DOMAIN)
    node.attribute.extend(attributes_of(kernel_shape=case.kernel, strides=case.strides, pads=case.pads))
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, [None] * 4) for name in ("X", "Y")]
    graph = helper.make_graph([node], "one node", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    define_convolution_functions(model)
    return model


def expected(case: Pooling, x: Array) -> Array:
    """The largest byte of each window, `[N, H', W', C]`."""
    top, left, bottom, right = case.pads
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, case.kernel, (1, 2))
    largest: Array = windows[:, :: case.strides[0], :: case.strides[1]].max((-2, -1))
    return largest
