"""Recurrent layers between bytes, in float64, and models with one node of our ops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from native.reference import Array, Recurrence
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.operators import DOMAIN, LINEAR_RECURRENT, QUANTIZED_RECURRENT
from crnn_deploy.onnx_graph.qlinear_gru_lstm import define_linear_functions

INPUTS = ("X", "W", "W_scale", "R", "R_scale", "B", "X_scale", "X_zero_point", "Y_scale", "Y_zero_point")
OUTPUTS: dict[str, tuple[int, list[int] | None]] = {"Y": (TensorProto.UINT8, None), "scale": (TensorProto.FLOAT, [])}


@dataclass(frozen=True)
class Bytes:
    """A byte b stands for scale · (b - zero)."""

    scale: float
    zero: int

    def numbers(self, array: Array) -> Array:
        return self.scale * (array.astype(float) - self.zero)

    def rounded(self, array: Array) -> Array:
        rounded: Array = np.clip(np.rint(array / self.scale) + self.zero, 0, 255).astype(np.uint8)
        return rounded


IN, OUT = Bytes(0.03, 100), Bytes(2 / 255, 128)


def constants_of(layer: Recurrence, x: Bytes = IN, y: Bytes = OUT) -> dict[str, Array]:
    """All inputs but X, by name."""
    ends = {"X_scale": np.float32(x.scale), "X_zero_point": np.uint8(x.zero)}
    ends |= {"Y_scale": np.float32(y.scale), "Y_zero_point": np.uint8(y.zero)}
    return {**layer.stored(), **{name: np.asarray(value) for name, value in ends.items()}}


def one_node(
    layer: Recurrence,
    constants: dict[str, Array],
    fed: tuple[str, ...] = (),
    left_out: str = "",
    outputs: tuple[str, ...] = tuple(OUTPUTS),
    **attributes: Any,
) -> onnx.ModelProto:
    """A model with one node of our ops.

    Args:
        layer: its cell, size and direction.
        constants: its inputs but X.
        fed: those of them that come at run time.
        left_out: an input that is missing.
        outputs: those that the model has.
        attributes: attributes that replace the layer's.
    """
    present = {"X", *constants} - {left_out}
    node = helper.make_node(
        LINEAR_RECURRENT[QUANTIZED_RECURRENT[layer.cell]],
        [name if name in present else "" for name in INPUTS],
        [name if name in outputs else "" for name in OUTPUTS],
        "layer",
        domain=DOMAIN,
        **{"hidden_size": layer.hidden, "direction": layer.direction, **attributes},
    )
    kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in constants.items()}
    graph = helper.make_graph(
        [node],
        "one node",
        [helper.make_tensor_value_info(name, {"X": TensorProto.UINT8, **kinds}[name], None) for name in ("X", *fed)],
        [helper.make_tensor_value_info(name, *OUTPUTS[name]) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items() if name not in fed],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    define_linear_functions(model)
    return model


def exact(layer: Recurrence, x: Array, read: Bytes = IN, rounded: bool = False, round_states: bool = True) -> Array:
    """Y in float64, `[N, T, D·H]`; where that is asked for, with weights and states rounded to INT8."""
    steps = read.numbers(x)[:, 0].swapaxes(0, 1)
    y = layer.rounded().run(steps, round_states=round_states)["Y"] if rounded else layer.run(steps)["Y"]
    return y.transpose(2, 0, 1, 3).reshape(x.shape[0], x.shape[2], -1)  # from [T, D, N, H]
