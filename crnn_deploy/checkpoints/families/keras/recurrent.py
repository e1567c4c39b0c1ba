"""LSTMs and GRUs of Keras: their gates in PyTorch's order, and what PyTorch's own do not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.checkpoints.families.keras import configs
from crnn_deploy.checkpoints.families.keras.axes import CHANNELS, Factor
from crnn_deploy.checkpoints.families.keras.graph import KerasLayer
from crnn_deploy.checkpoints.families.keras.translation import (
    Translation,
    activation_name,
    configured,
    describe,
    refused,
)
from crnn_deploy.models.layers.options import Recurrent

# Keras: i, f, c, o and z, r, h. PyTorch: i, f, g, o and r, z, n.
_ORDER: Mapping[str, tuple[int, ...]] = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2)}
_MERGES: Mapping[str, Literal["concatenate", "sum", "mean", "product"]] = {
    "concat": "concatenate",
    "sum": "sum",
    "ave": "mean",
    "mul": "product",
}
_Array = NDArray[np.float32]


def add_recurrent(state: Translation, layer: KerasLayer) -> None:
    """An LSTM or GRU in one direction."""
    config = _config(state, layer)
    if config.go_backwards and config.return_sequences:
        raise refused(layer, "gives its frames from the last to the first, which mixes up the order of the line")
    weights = state.arrays(layer, *_weight_axes(layer, config))
    direction: Literal["forward", "reverse"] = "reverse" if config.go_backwards else "forward"
    options = _options(state, layer, config).model_copy(update={"direction": direction})
    _add(state, config, options, _tensors(layer, config, weights))


def add_bidirectional(state: Translation, layer: KerasLayer) -> None:
    """Two LSTMs or GRUs, of which one reads from the last frame to the first."""
    wrapper = configured(configs.Bidirectional, layer)
    inner = KerasLayer(wrapper.layer.class_name, layer.name, wrapper.layer.config)
    if inner.kind not in ("LSTM", "GRU"):
        raise refused(layer, f"runs a {inner.kind[:80]} in both directions")
    config = _config(state, inner)
    if wrapper.backward_layer is not None:
        backward = KerasLayer(wrapper.backward_layer.class_name, layer.name, wrapper.backward_layer.config)
        other = configured(configs.Recurrent, backward).model_copy(update={"go_backwards": config.go_backwards})
        if backward.kind != inner.kind or other != config:
            raise refused(layer, "has two different directions")
    if config.go_backwards:
        raise refused(layer, "runs its first direction from the last frame to the first")
    axes = _weight_axes(inner, config)
    weights = state.arrays(KerasLayer(layer.kind, layer.name, {}), *axes, *axes)
    tensors = _tensors(inner, config, weights[: len(axes)])
    tensors |= {f"{name}_reverse": array for name, array in _tensors(inner, config, weights[len(axes) :]).items()}
    merge = _MERGES[wrapper.merge_mode]
    options = _options(state, inner, config).model_copy(update={"direction": "both", "merge": merge})
    _add(state, config, options, tensors)


def _config(state: Translation, layer: KerasLayer) -> configs.Recurrent:
    config = configured(configs.Recurrent, layer)
    if state.is_image or len(state.axes) != 2:
        raise refused(layer, f"reads {describe(state.axes)}, and no sequence of frames")
    if config.return_state or config.stateful or config.time_major:
        raise refused(layer, "keeps its state from one image to the next, or gives it as a result")
    return config


def _options(state: Translation, layer: KerasLayer, config: configs.Recurrent) -> Recurrent:
    """The options of one direction; the others are set later."""
    activation = activation_name(config.activation, layer)
    gates = activation_name(config.recurrent_activation, layer)
    hard = "hard-sigmoid" if state.version.startswith("3") else "hard-sigmoid-5"
    gates = {"hard_sigmoid": hard}.get(gates, gates)
    if activation not in ("tanh", "relu", "sigmoid") or gates not in ("sigmoid", hard):
        raise refused(layer, f"has the activations {activation} and {gates}; tanh, relu and (hard) sigmoid are known")
    kind: Literal["lstm", "gru"] = "lstm" if layer.kind == "LSTM" else "gru"
    return Recurrent(
        kind=kind,
        inputs=state.features,
        hidden=config.units,
        result="frames" if config.return_sequences else "last",
        activation=activation,
        gates=gates,
        reset="after" if kind == "lstm" or config.reset_after else "before",
    )


def _weight_axes(layer: KerasLayer, config: configs.Recurrent) -> tuple[int, ...]:
    """Axes of the kernel, the recurrent kernel and the bias, which is one for each product if the reset is after it."""
    if not config.use_bias:
        return 2, 2
    return 2, 2, 2 if layer.kind == "GRU" and config.reset_after else 1


def _tensors(layer: KerasLayer, config: configs.Recurrent, weights: list[_Array]) -> dict[str, _Array]:
    """Weights of one direction with PyTorch's names and order."""
    order = _ORDER["lstm" if layer.kind == "LSTM" else "gru"]
    rows = len(order) * config.units
    if any(array.shape[-1] != rows for array in weights) or any(
        len(array) != 2 for array in weights[2:] if array.ndim == 2
    ):
        raise refused(layer, f"has weights that are not those of {config.units} units")
    kernel, recurrent, *bias = (_reordered(array, order) for array in weights)
    zeros = np.zeros(rows, np.float32)
    both = (bias[0] if bias[0].ndim == 2 else (bias[0], zeros)) if bias else (zeros, zeros)
    return {"weight_ih_l0": kernel.T, "weight_hh_l0": recurrent.T, "bias_ih_l0": both[0], "bias_hh_l0": both[1]}


def _reordered(array: _Array, order: tuple[int, ...]) -> _Array:
    """The last axis with its gates in another order."""
    gates = np.split(array, len(order), axis=-1)
    return np.concatenate([gates[gate] for gate in order], axis=-1)


def _add(state: Translation, config: configs.Recurrent, options: Recurrent, tensors: Mapping[str, _Array]) -> None:
    state.add(options, tensors, part="rnn")
    doubled = options.direction == "both" and options.merge == "concatenate"
    features = (Factor(CHANNELS, config.units * (2 if doubled else 1)),)
    state.axes = (state.axes[0], features) if config.return_sequences else (features,)
