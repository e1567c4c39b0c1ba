"""GRU and LSTM in float64, as ONNX defines them (gates z, r, n and i, o, f, g), and models with one node of our ops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.onnx_graph.int8_rows import quantize_rows
from crnn_deploy.onnx_graph.operators import DOMAIN, QUANTIZED_RECURRENT
from crnn_deploy.onnx_graph.qgru_qlstm import OUTPUTS, define_functions
from crnn_deploy.runtime.onnxruntime import session_options

Array = NDArray[Any]
GATES = {"GRU": 3, "LSTM": 4}
FLOAT, INT8, INT32 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT32
# Inputs of our ops in order, with their types and axes.
INPUTS: dict[str, tuple[int, list[str]]] = {
    "X": (FLOAT, ["T", "N", "C"]),
    "W": (INT8, ["D", "rows", "C"]),
    "W_scale": (FLOAT, ["D", "rows", "one"]),
    "R": (INT8, ["D", "rows", "H"]),
    "R_scale": (FLOAT, ["D", "rows", "one"]),
    "B": (FLOAT, ["D", "biases"]),
    "sequence_lens": (INT32, ["N"]),
    "initial_h": (FLOAT, ["D", "N", "H"]),
    "initial_c": (FLOAT, ["D", "N", "H"]),
}


@dataclass(frozen=True)
class Recurrence:
    """One layer: W `[D, G·H, C]`, R `[D, G·H, H]`, B `[D, 2·G·H]`."""

    cell: str
    direction: str
    w: Array
    r: Array
    b: Array | None

    @property
    def hidden(self) -> int:
        return self.r.shape[2]

    def rounded(self) -> Recurrence:
        """The same layer with weights rounded to INT8."""
        w, r = (np.multiply(*quantize_rows(weights, 2), dtype=np.float64) for weights in (self.w, self.r))
        return replace(self, w=w, r=r)

    def stored(self) -> dict[str, Array]:
        """Constant inputs of our op."""
        w, w_scale = quantize_rows(self.w, 2)
        r, r_scale = quantize_rows(self.r, 2)
        inputs = {"W": w, "W_scale": w_scale, "R": r, "R_scale": r_scale}
        return inputs if self.b is None else {**inputs, "B": self.b}

    def run(
        self,
        x: Array,
        sequence_lens: Array | None = None,
        initial_h: Array | None = None,
        initial_c: Array | None = None,
        round_states: bool = False,
    ) -> dict[str, Array]:
        """Outputs Y `[T, D, N, H]`, Y_h `[D, N, H]` and, of an LSTM, Y_c, in float64.

        With `round_states`, h is rounded to INT8 before it is multiplied by R.
        """
        steps, samples, _ = x.shape
        directions = len(self.w)
        y = np.zeros((steps, directions, samples, self.hidden))
        zeros = np.zeros((directions, samples, self.hidden))
        last = {"Y_h": zeros + (0 if initial_h is None else initial_h)}
        last["Y_c"] = zeros + (0 if initial_c is None else initial_c)
        for d in range(directions):
            backwards = self.direction == "reverse" or d == 1
            w_bias, r_bias = np.zeros((2, len(self.w[d]))) if self.b is None else np.split(self.b[d].astype(float), 2)
            projected = x.astype(float) @ self.w[d].T.astype(float) + w_bias
            recurrent, step = self.r[d].T.astype(float), {"GRU": _gru, "LSTM": _lstm}[self.cell]
            for t in reversed(range(steps)) if backwards else range(steps):
                before = last["Y_h"][d]
                past = (round_rows(before) if round_states else before) @ recurrent + r_bias
                h, c = step(projected[t], past, before, last["Y_c"][d])
                going = np.full((samples, 1), True) if sequence_lens is None else (t < sequence_lens)[:, np.newaxis]
                y[t, d] = np.where(going, h, 0)
                last["Y_h"][d] = np.where(going, h, before)
                last["Y_c"][d] = np.where(going, c, last["Y_c"][d])
        return {"Y": y, **{name: last[name] for name in OUTPUTS[self.cell][1:]}}


def round_rows(x: Array) -> Array:
    """Rows rounded to INT8, each with its own scale; rows of tiny numbers become 0."""
    largest = np.abs(x).max(axis=-1, keepdims=True).astype(float)
    scale = np.where(largest > 1e-30, largest / 127, 1)
    return np.rint(x / scale) * scale


def _sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _gru(x: Array, past: Array, h: Array, c: Array) -> tuple[Array, Array]:
    (xz, xr, xn), (hz, hr, hn) = np.split(x, 3, axis=1), np.split(past, 3, axis=1)
    update, reset = _sigmoid(xz + hz), _sigmoid(xr + hr)
    return (1 - update) * np.tanh(xn + reset * hn) + update * h, c


def _lstm(x: Array, past: Array, _: Array, c: Array) -> tuple[Array, Array]:
    i, o, f, g = np.split(x + past, 4, axis=1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def random_layer(
    random: np.random.Generator,
    cell: str = "GRU",
    inputs: int = 24,
    hidden: int = 20,
    direction: str = "forward",
    bias: bool = True,
) -> Recurrence:
    """A layer with PyTorch's initialisation, uniform in ±1/√H."""
    rows, directions = GATES[cell] * hidden, 2 if direction == "bidirectional" else 1

    def draw(*shape: int) -> Array:
        return random.uniform(-1, 1, (directions, *shape)).astype(np.float32) / np.float32(np.sqrt(hidden))

    return Recurrence(cell, direction, draw(rows, inputs), draw(rows, hidden), draw(2 * rows) if bias else None)


def one_node(
    layer: Recurrence,
    fed: tuple[str, ...] = (),
    outputs: tuple[str, ...] | None = None,
    stored: dict[str, Array] | None = None,
    **attributes: Any,
) -> onnx.ModelProto:
    """A model with one node of our ops.

    Args:
        layer: its weights, cell and direction.
        fed: inputs at run time, in addition to X; the others are constants or absent.
        outputs: those that the model has; default: all.
        stored: constants that replace the layer's.
        attributes: attributes that replace the layer's.
    """
    constants = {**layer.stored(), **(stored or {})}
    names = [name for name in INPUTS if name != "initial_c" or layer.cell == "LSTM"]
    present = ("X", *constants, *fed)
    asked = OUTPUTS[layer.cell] if outputs is None else outputs
    node = helper.make_node(
        QUANTIZED_RECURRENT[layer.cell],
        [name if name in present else "" for name in names],
        [name if name in asked else "" for name in OUTPUTS[layer.cell]],
        "layer",
        domain=DOMAIN,
        **{"hidden_size": layer.hidden, "direction": layer.direction, **attributes},
    )
    graph = helper.make_graph(
        [node],
        "one node",
        [helper.make_tensor_value_info(name, *INPUTS[name]) for name in ("X", *fed)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in asked],
        [numpy_helper.from_array(array, name) for name, array in constants.items() if name not in fed],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    define_functions(model)
    return model


def open_model(model: onnx.ModelProto, threads: int = 1) -> ort.InferenceSession:
    """A session that uses our library."""
    options = session_options(threads)
    options.enable_cpu_mem_arena = False  # so that an address sanitizer knows where each tensor ends
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def run(
    layer: Recurrence, feeds: dict[str, Array], threads: int = 1, outputs: tuple[str, ...] | None = None
) -> dict[str, Array]:
    """What our op gives for the inputs `feeds`, X and any of the optional ones, by output."""
    session = open_model(one_node(layer, tuple(feeds.keys() - {"X"}), outputs), threads)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def decibels(expected: Array, got: Array) -> float:
    """Signal-to-noise ratio in dB."""
    noise = np.square(got - expected).sum()
    return float(10 * np.log10(np.square(expected).sum() / noise)) if noise else float("inf")
