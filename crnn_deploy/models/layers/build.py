"""Builds the network of the family `layers` from its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.adaptive_rows import AdaptiveRows
from crnn_deploy.models.layers.gated_convolution import GatedRecurrence
from crnn_deploy.models.layers.modules import (
    Frames,
    Gated,
    ImageGroupNorm,
    MeanOver,
    PaddedConvolution,
    RecurrentColumns,
    RecurrentLayer,
    SequenceNorm,
    Sum,
    UnevenMaxPooling,
)
from crnn_deploy.models.layers.options import (
    Activation,
    BatchNorm,
    Columns,
    Convolution,
    Gate,
    GroupNorm,
    Layer,
    LayerNorm,
    LayersOptions,
    Linear,
    Mean,
    Pooling,
    Recurrent,
    Residual,
    Sequence,
)
from crnn_deploy.models.layers.rectification import Rectification
from crnn_deploy.models.layers.row_options import Rows
from crnn_deploy.models.layers.scene_text_options import GatedRecurrentConvolution, Rectify
from crnn_deploy.spec import ModelSpec
from crnn_deploy.validation import parse

FAMILY = "layers"
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "hard-sigmoid": nn.Hardsigmoid,
    "hard-swish": nn.Hardswish,
}


class LayersNetwork(nn.Module):
    """`[N, C, H, W]` → CTC logits `[N, T, K]`, or class logits `[N, K]`.

    The weights of layer i are `body.i.…`, those of the last one `head.…`.
    """

    def __init__(self, options: LayersOptions) -> None:
        super().__init__()
        self.body = _sequential(options.layers[:-1])
        self.head = _module(options.layers[-1], images=False)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(x))
        return logits


def build_layers(spec: ModelSpec) -> nn.Module:
    """The network that `spec.architecture` describes, with fresh weights.

    Raises:
        InputError: if its options are wrong, or its head has another size than the spec.
    """
    options = layers_options(spec)
    head = options.layers[-1]
    if isinstance(head, Linear) and head.outputs != spec.num_outputs:
        raise InputError(
            f"The head of {spec.name} has {head.outputs:,} outputs, and its spec {spec.num_outputs:,} classes."
        )
    return LayersNetwork(options)


def layers_options(spec: ModelSpec) -> LayersOptions:
    """The layers of the network of a spec. Raises `InputError` if they are wrong."""
    assert spec.architecture is not None
    return parse(LayersOptions, spec.architecture.options, f"architecture options of {spec.name}")


def width_stride(layers: tuple[Layer, ...]) -> int:
    """Input pixels for each output frame."""
    stride = 1
    for layer in layers:
        if isinstance(layer, (Convolution, Pooling)):
            stride *= layer.stride[1]
        elif isinstance(layer, Residual):
            stride *= width_stride(layer.body)
    return stride


def _sequential(layers: tuple[Layer, ...]) -> nn.Sequential:
    modules, images = [], True
    for layer in layers:
        modules.append(_module(layer, images))
        images = images and not isinstance(layer, Sequence)
    return nn.Sequential(*modules)


def _module(layer: Layer, images: bool) -> nn.Module:
    if isinstance(layer, BatchNorm):
        return (nn.BatchNorm2d if images else SequenceNorm)(layer.channels, layer.epsilon)
    build: Any = _BUILDERS[type(layer)]
    module: nn.Module = build(layer)
    return module


def _activation(layer: Activation) -> nn.Module:
    return nn.LeakyReLU(layer.slope) if layer.function == "leaky-relu" else _ACTIVATIONS[layer.function]()


def _pooling(layer: Pooling) -> nn.Module:
    if any(layer.more):
        return UnevenMaxPooling(layer)
    if layer.kind == "max-pooling":
        return nn.MaxPool2d(layer.kernel, layer.stride, layer.padding, ceil_mode=layer.partial)
    return nn.AvgPool2d(layer.kernel, layer.stride, layer.padding, ceil_mode=layer.partial, count_include_pad=False)


_BUILDERS: dict[type, Callable[[Any], nn.Module]] = {
    Convolution: PaddedConvolution,
    GroupNorm: lambda layer: ImageGroupNorm(layer.groups, layer.channels, layer.epsilon),
    LayerNorm: lambda layer: nn.LayerNorm(layer.channels, layer.epsilon),
    Activation: _activation,
    Pooling: _pooling,
    GatedRecurrentConvolution: GatedRecurrence,
    Rectify: Rectification,
    Mean: MeanOver,
    Rows: lambda layer: AdaptiveRows(layer.rows, layer.function == "max"),
    Residual: lambda layer: Sum(_sequential(layer.body), _sequential(layer.shortcut)),
    Gate: lambda layer: Gated(_sequential(layer.body)),
    Sequence: Frames,
    Recurrent: RecurrentLayer,
    Columns: RecurrentColumns,
    Linear: lambda layer: nn.Linear(layer.inputs, layer.outputs, layer.bias),
}
