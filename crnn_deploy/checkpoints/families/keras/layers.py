"""One function for each kind of Keras's layers: what it is in crnn-deploy, with its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.checkpoints.families.keras import configs
from crnn_deploy.checkpoints.families.keras.axes import (
    CHANNELS,
    FIRST,
    SECOND,
    Axes,
    Factor,
    permuted,
    reshaped,
)
from crnn_deploy.checkpoints.families.keras.graph import KerasLayer
from crnn_deploy.checkpoints.families.keras.images import add_convolution, add_pooling
from crnn_deploy.checkpoints.families.keras.recurrent import add_bidirectional, add_recurrent
from crnn_deploy.checkpoints.families.keras.translation import Translation, configured, describe, names, refused
from crnn_deploy.models.layers.options import Activation, BatchNorm, Convolution, LayerNorm, Linear, Mean, Sequence

_NORM_WEIGHTS = ("weight", "bias", "running_mean", "running_var")
_Translate = Callable[[Translation, KerasLayer], None]


def translate(state: Translation, layer: KerasLayer) -> None:
    """Add a layer to the network. Raises `InputError` if that cannot be."""
    if layer.kind == "Lambda":
        raise refused(layer, "is Python code stored in the file, which is never executed")
    if layer.custom or layer.kind not in _KINDS:
        raise refused(layer, "is of a kind that crnn-deploy does not know")
    if state.ended and layer.kind not in _PASSING:
        raise refused(layer, f"follows the softmax of {state.ended}")
    _KINDS[layer.kind](state, layer)


def _pass(state: Translation, layer: KerasLayer) -> None:
    """Dropout and noise act in training only."""


def _rescaling(state: Translation, layer: KerasLayer) -> None:
    if state.count or state.scaling is not None:
        raise refused(layer, "is not at the beginning of the network")
    config = configured(configs.Rescaling, layer)
    state.scaling = config.scale, config.offset


def _normalization(state: Translation, layer: KerasLayer) -> None:
    config = configured(configs.Normalization, layer)
    axes = config.axis if isinstance(config.axis, list) else [config.axis]
    if axes not in ([-1], [len(state.axes)]) or config.rms_scaling:
        raise refused(layer, "normalises another axis than the channels, or in another way")
    if state.is_image:
        state.image_axes(layer)
    batch = layer.kind == "BatchNormalization"
    if not batch and state.is_image:
        raise refused(layer, "normalises the channels of each pixel")
    present = [config.scale, config.center, batch, batch]
    stored = iter(state.arrays(layer, *[1] * sum(present)))
    size = state.features
    usual = (np.ones, np.zeros, np.zeros, np.ones)
    both = list(zip(present, usual, strict=True))[: 4 if batch else 2]
    values = [next(stored) if there else make(size, np.float32) for there, make in both]
    tensors: dict[str, NDArray[Any]] = dict(zip(_NORM_WEIGHTS[: len(values)], values, strict=True))
    if batch:
        tensors["num_batches_tracked"] = np.zeros((), np.int64)
    kind = BatchNorm if batch else LayerNorm
    state.add(kind(channels=size, epsilon=config.epsilon), tensors)


def _dense(state: Translation, layer: KerasLayer) -> None:
    config = configured(configs.Dense, layer)
    weights = state.arrays(layer, *((2, 1) if config.use_bias else (2,)))
    inputs, outputs = (int(size) for size in weights[0].shape)
    if inputs != state.features:
        raise refused(layer, f"has weights for {inputs} inputs, and {state.features} come in")
    bias: dict[str, Any] = {"bias": weights[1]} if config.use_bias else {}
    if state.is_image:  # each pixel by itself
        state.image_axes(layer)
        options = Convolution(inputs=inputs, outputs=outputs, kernel=(1, 1), bias=config.use_bias)
        state.add(options, {"weight": weights[0].T[:, :, None, None], **bias})
    else:
        state.add(Linear(inputs=inputs, outputs=outputs, bias=config.use_bias), {"weight": weights[0].T, **bias})
    state.axes = (*state.axes[:-1], (Factor(CHANNELS, outputs),))
    state.activate(config.activation, layer)


def _reshape(state: Translation, layer: KerasLayer) -> None:
    _rearrange(state, layer, reshaped(state.axes, configured(configs.Reshape, layer).target_shape, _called(layer)))


def _permute(state: Translation, layer: KerasLayer) -> None:
    _rearrange(state, layer, permuted(state.axes, configured(configs.Permute, layer).dims, _called(layer)))


def _flatten(state: Translation, layer: KerasLayer) -> None:
    """All axes in one; `[N, C]` stays as it is."""
    if len(state.axes) > 1:
        raise refused(layer, "makes one row of features of all frames, so that there is no sequence")


def _flatten_frames(state: Translation, layer: KerasLayer) -> None:
    """All axes in one but the first."""
    joined = tuple(factor for axis in state.axes[1:] for factor in axis)
    _rearrange(state, layer, (state.axes[0], joined))


def _rearrange(state: Translation, layer: KerasLayer, axes: Axes) -> None:
    """Take the new axes, and list the step from images to sequences where two axes are left."""
    if not state.is_image:
        if axes != state.axes:
            raise refused(layer, "rearranges a sequence")
        return
    state.axes = axes
    if len(axes) == 2:
        _to_sequence(state, layer)


def _to_sequence(state: Translation, layer: KerasLayer) -> None:
    frames, features = map(names, state.axes)
    height, width = (SECOND, FIRST) if state.width_first else (FIRST, SECOND)
    if len(frames) == 2 and frames == [height, width] and features in ([CHANNELS], []):
        state.add(Sequence(along="pixels"))
        state.frames = "both"
    elif len(frames) == 1 and frames[0] != CHANNELS and features and set(features) <= {FIRST, SECOND, CHANNELS}:
        along: Literal["width", "height"] = "width" if frames[0] == width else "height"
        order: Literal["channels", "pixels"] = "pixels" if features[-1] == CHANNELS else "channels"
        state.add(Sequence(along=along, order=order))
        state.frames = frames[0]
    else:
        raise refused(layer, f"makes frames of {describe(state.axes)}, which cannot be told apart as frames of a line")
    state.axes = (state.axes[0], (Factor(CHANNELS, state.features),))


def _mean_of_frames(state: Translation, layer: KerasLayer) -> None:
    if state.is_image or len(state.axes) != 2:
        raise refused(layer, f"reads {describe(state.axes)}, and no sequence")
    state.add(Mean(over="frames"))
    state.axes = state.axes[1:]


def _time_distributed(state: Translation, layer: KerasLayer) -> None:
    inner = configured(configs.TimeDistributed, layer).layer
    wrapped = KerasLayer(inner.class_name, layer.name, inner.config)
    if inner.class_name == "Flatten" and state.is_image:
        _flatten_frames(state, wrapped)
    elif inner.class_name in ("Dense", "Activation", "Dropout", "ReLU", "LeakyReLU") or (
        inner.class_name == "BatchNormalization" and not state.is_image
    ):
        translate(state, wrapped)
    else:
        raise refused(layer, f"applies a {inner.class_name[:80]} to each frame")


def _activation(state: Translation, layer: KerasLayer) -> None:
    state.activate(layer.config.get("activation"), layer)


def _relu(state: Translation, layer: KerasLayer) -> None:
    limit, slope, threshold = (layer.config.get(key) or 0 for key in ("max_value", "negative_slope", "threshold"))
    if limit not in (0, 6) or slope or threshold:
        raise refused(layer, "is cut off in an unusual way")
    state.activate("relu6" if limit else "relu", layer)


def _leaky(state: Translation, layer: KerasLayer) -> None:
    config = configured(configs.LeakyReLU, layer)
    slope = next((value for value in (config.negative_slope, config.alpha) if value is not None), 0.3)
    state.add(Activation(function="leaky-relu", slope=slope))


def _softmax(state: Translation, layer: KerasLayer) -> None:
    if layer.config.get("axis", -1) not in (-1, len(state.axes)):
        raise refused(layer, "is over another axis than the classes")
    state.activate("softmax", layer)


def _called(layer: KerasLayer) -> str:
    return f"The layer {layer.name[:80]} ({layer.kind})"


_PASSING = ("Dropout", "Activation")
_KINDS: dict[str, _Translate] = {
    "Rescaling": _rescaling,
    "Conv2D": add_convolution,
    "DepthwiseConv2D": add_convolution,
    "MaxPooling2D": add_pooling,
    "AveragePooling2D": add_pooling,
    "BatchNormalization": _normalization,
    "LayerNormalization": _normalization,
    "Dense": _dense,
    "Reshape": _reshape,
    "Permute": _permute,
    "Flatten": _flatten,
    "TimeDistributed": _time_distributed,
    "GlobalAveragePooling1D": _mean_of_frames,
    "Activation": _activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "Softmax": _softmax,
    "LSTM": add_recurrent,
    "GRU": add_recurrent,
    "Bidirectional": add_bidirectional,
    **dict.fromkeys(("Dropout", "SpatialDropout2D", "SpatialDropout1D", "GaussianNoise", "GaussianDropout"), _pass),
}
