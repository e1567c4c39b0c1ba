"""Convolutions and pooling of Keras: axes in our order, and TensorFlow's padding."""

from __future__ import annotations

from typing import Any

from crnn_deploy.checkpoints.families.keras import configs
from crnn_deploy.checkpoints.families.keras.axes import CHANNELS, Factor, Window, slide
from crnn_deploy.checkpoints.families.keras.graph import KerasLayer
from crnn_deploy.checkpoints.families.keras.translation import Translation, configured, refused
from crnn_deploy.models.layers.options import Convolution, Pooling


def add_convolution(state: Translation, layer: KerasLayer) -> None:
    config = configured(configs.Conv2D, layer)
    first, second = state.image_axes(layer)
    weights = state.arrays(layer, *((4, 1) if config.use_bias else (4,)))
    kernel = weights[0]
    depthwise = layer.kind == "DepthwiseConv2D"
    inputs = state.features
    if depthwise:  # [h, w, inputs, multiplier] → [h, w, 1, inputs · multiplier]
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    turned = state.turned(first)
    windows = [
        _moved(state, layer, factor, (size - 1) * spread + 1, stride, config.padding)
        for factor, size, stride, spread in zip(
            (first, second), config.kernel_size, config.strides, config.dilation_rate, strict=True
        )
    ]
    order = [1, 0] if turned else [0, 1]
    height, width = (windows[axis] for axis in order)
    sizes, strides, dilation = (
        tuple(pair[axis] for axis in order) for pair in (config.kernel_size, config.strides, config.dilation_rate)
    )
    options = Convolution(
        inputs=inputs,
        outputs=kernel.shape[3],
        kernel=sizes,
        stride=strides,
        padding=(height.before, width.before, height.after, width.after),
        dilation=dilation,
        groups=inputs if depthwise else config.groups,
        bias=config.use_bias,
    )
    bias: dict[str, Any] = {"bias": weights[1]} if config.use_bias else {}
    state.add(options, {"weight": kernel.transpose(3, 2, *order), **bias})
    state.axes = (*state.axes[:2], (Factor(CHANNELS, int(kernel.shape[3])),))
    state.activate(config.activation, layer)


def add_pooling(state: Translation, layer: KerasLayer) -> None:
    config = configured(configs.Pooling2D, layer)
    first, second = state.image_axes(layer)
    strides = config.strides or config.pool_size
    moved = [
        _moved(state, layer, factor, size, stride, config.padding)
        for factor, size, stride in zip((first, second), config.pool_size, strides, strict=True)
    ]
    order = [1, 0] if state.turned(first) else [0, 1]
    windows = [moved[axis] for axis in order]
    largest = layer.kind == "MaxPooling2D"
    more = tuple(window.after - window.before for window in windows)
    # A mean counts what is inside: a window that ends outside is one that PyTorch adds where it moves by 2 or more.
    if any(more) and not largest and any(m and window.stride < 2 for m, window in zip(more, windows, strict=True)):
        raise refused(layer, "takes the mean and pads one side more than the other, with the stride 1")
    state.add(
        Pooling(
            kind="max-pooling" if largest else "mean-pooling",
            kernel=(windows[0].extent, windows[1].extent),
            stride=(windows[0].stride, windows[1].stride),
            padding=(windows[0].before, windows[1].before),
            more=(more[0], more[1]) if largest else (0, 0),
            partial=any(more) and not largest,
        )
    )


def _moved(state: Translation, layer: KerasLayer, factor: Factor, extent: int, stride: int, padding: str) -> Window:
    """The window of a layer along an axis of the state, which becomes as long as the layer makes it."""
    window, after = slide(factor, extent, stride, padding == "same", f"The layer {layer.name} ({layer.kind})")
    state.axes = tuple((after,) if axis == (factor,) else axis for axis in state.axes)
    state.strides[factor.name] *= stride
    return window
