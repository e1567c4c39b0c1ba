"""Small Keras files, written without Keras, and what Keras computes with them, in NumPy."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ROLES = {1: ["kernel"], 2: ["kernel", "bias"], 3: ["kernel", "recurrent_kernel", "bias"]}
NORM = ["gamma", "beta", "moving_mean", "moving_variance"]

_FILE_NAMES = {"MaxPooling2D": "max_pooling2d", "BatchNormalization": "batch_normalization"}


@dataclass
class Stored:
    """A layer in a file: of a `Bidirectional`, `weights` are those of both directions one after the other."""

    kind: str
    name: str
    config: dict[str, Any] = field(default_factory=dict)
    weights: Sequence[Array] = ()
    reads: Sequence[str] | None = None

    def entry(self, before: str) -> dict[str, Any]:
        reads = [before] if self.reads is None else list(self.reads)
        tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}} for name in reads]
        nodes = [{"args": tensors, "kwargs": {}}] if reads else []
        config = {"name": self.name, **self.config}
        return {"class_name": self.kind, "config": config, "name": self.name, "inbound_nodes": nodes}


def image(*shape: int | None, name: str = "image") -> Stored:
    return Stored("InputLayer", name, {"batch_shape": [None, *shape]}, reads=())


def both(kind: str, name: str, weights: Sequence[Array], **config: Any) -> Stored:
    """A `Bidirectional` around an LSTM or GRU."""
    inner = {"class_name": kind, "config": {"name": f"forward_{name}", "return_sequences": True, **config}}
    return Stored("Bidirectional", name, {"layer": inner, "merge_mode": "concat"}, weights)


def model_config(layers: Sequence[Stored], functional: bool = True) -> dict[str, Any]:
    names = ["", *(layer.name for layer in layers)]
    entries = [layer.entry(before) for layer, before in zip(layers, names, strict=False)]
    config = {"name": "model", "layers": entries, "output_layers": [[layers[-1].name, 0, 0]]}
    return {"class_name": "Functional" if functional else "Sequential", "config": config}


def write(path: Path, layers: Sequence[Stored], functional: bool = True, version: str = "3.15.0") -> Path:
    """Write a model as its suffix says."""
    config = model_config(layers, functional)
    if path.suffix == ".h5":
        write_h5(path, config, layers, version)
        return path
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        inner = path.with_suffix(".weights")
        write_weights(inner, layers)
        archive.write(inner, "model.weights.h5")
    return path


def write_h5(path: Path, config: Any, layers: Sequence[Stored], version: str = "3.15.0") -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version
        for layer in layers:
            group = file.create_group(f"model_weights/{layer.name}")
            for name, array in zip(_legacy_names(layer), layer.weights, strict=True):
                group.create_dataset(name, data=array)


def write_weights(path: Path, layers: Sequence[Stored]) -> None:
    """The weights of a `.keras` archive."""
    counts: dict[str, int] = {}
    with h5py.File(path, "w") as file:
        for layer in layers:
            kind = _FILE_NAMES.get(layer.kind, layer.kind.lower())
            number = counts[kind] = counts.get(kind, -1) + 1
            group = f"layers/{kind}_{number}" if number else f"layers/{kind}"
            half = len(layer.weights) // 2
            for index, array in enumerate(layer.weights):
                place = {"LSTM": "cell/", "GRU": "cell/"}.get(layer.kind, "")
                if layer.kind == "Bidirectional":
                    place, index = ("forward" if index < half else "backward") + "_layer/cell/", index % half
                file.create_dataset(f"{group}/{place}vars/{index}", data=array)


def _legacy_names(layer: Stored) -> list[str]:
    if layer.kind == "BatchNormalization":
        return [f"{layer.name}/{name}:0" for name in NORM]
    count = len(layer.weights)
    if layer.kind == "Bidirectional":
        roles = ROLES[count // 2]
        return [f"{layer.name}/{way}_x/cell/{role}" for way in ("forward", "backward") for role in roles]
    return [f"{layer.name}/{role}" for role in (ROLES[count] if count else [])]


def convolved(x: Array, kernel: Array, bias: Array) -> Array:
    """3×3 or other odd kernels with the padding `same`: `[N, A, B, C]` → `[N, A, B, D]`."""
    a, b = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(x, ((0, 0), (a, a), (b, b), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2], (1, 2))
    return np.einsum("nabchw,hwcd->nabd", views, kernel) + bias


def pooled(x: Array) -> Array:
    """The largest of 2×2."""
    n, a, b, c = x.shape
    return x[:, : a // 2 * 2, : b // 2 * 2].reshape(n, a // 2, 2, b // 2, 2, c).max((2, 4))


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm(x: Array, kernel: Array, recurrent: Array, bias: Array, activation: Any = np.tanh) -> Array:
    h = c = np.zeros((len(x), recurrent.shape[0]))
    outputs = []
    for frame in x.swapaxes(0, 1):
        i, f, g, o = np.split(frame @ kernel + h @ recurrent + bias, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * activation(g)
        h = sigmoid(o) * activation(c)
        outputs.append(h)
    return np.stack(outputs, 1)


def gru(
    x: Array, kernel: Array, recurrent: Array, bias: Array, activation: Any = np.tanh, gate: Any = sigmoid
) -> Array:
    """A bias of two rows is that of `reset_after`."""
    h = np.zeros((len(x), recurrent.shape[0]))
    after = bias.ndim == 2
    inner, outer = bias if after else (bias, np.zeros_like(bias))
    outputs = []
    for frame in x.swapaxes(0, 1):
        xz, xr, xh = np.split(frame @ kernel + inner, 3, -1)
        uz, ur, uh = np.split(recurrent, 3, -1)
        bz, br, bh = np.split(outer, 3, -1)
        z, r = gate(xz + h @ uz + bz), gate(xr + h @ ur + br)
        candidate = activation(xh + (r * (h @ uh + bh) if after else (r * h) @ uh))
        h = z * h + (1 - z) * candidate
        outputs.append(h)
    return np.stack(outputs, 1)
