"""The classic small backbone: inverted residuals with depthwise convolutions, squeeze-excite and hard-swish,
after MobileNetV3-Small (Howard et al., arXiv 1905.02244), with strides for text lines."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from crnn_deploy.models.backbone import Backbone, fitted_strides
from crnn_deploy.models.blocks import SqueezeExcite, Stride, conv_bn, round_channels


class Stage(NamedTuple):
    """One block of the backbone; `stride` is (vertical, horizontal), or one number for both."""

    kernel: int
    expanded: int
    outputs: int
    excite: bool
    hard_swish: bool
    stride: Stride

    def scaled(self, width: float, stride: Stride) -> Stage:
        """The same block with `width` times the channels, and another stride."""
        channels = [round_channels(count * width, 8) for count in (self.expanded, self.outputs)]
        return self._replace(expanded=channels[0], outputs=channels[1], stride=stride)


_STAGES = (
    Stage(3, 16, 16, True, False, 1),
    Stage(3, 72, 24, False, False, 2),
    Stage(3, 88, 24, False, False, 1),
    Stage(5, 96, 40, True, True, (2, 1)),
    Stage(5, 240, 40, True, True, 1),
    Stage(5, 120, 48, True, True, 1),
    Stage(5, 288, 96, True, True, (2, 1)),
    Stage(5, 576, 96, True, True, 1),
)


class InvertedResidual(nn.Module):
    """1×1 expansion, depthwise convolution, optional squeeze-excite, 1×1 projection."""

    def __init__(self, inputs: int, stage: Stage) -> None:
        super().__init__()
        expanded = stage.expanded
        activation = nn.Hardswish if stage.hard_swish else nn.ReLU
        layers: list[nn.Module] = []
        if expanded != inputs:
            layers.append(conv_bn(inputs, expanded, 1, activation=activation))
        layers.append(conv_bn(expanded, expanded, stage.kernel, stage.stride, expanded, activation))
        if stage.excite:
            layers.append(SqueezeExcite(expanded))
        layers.append(conv_bn(expanded, stage.outputs, 1, activation=None))
        self.layers = nn.Sequential(*layers)
        self.residual = inputs == stage.outputs and stage.stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class MobileNetV3Features(Backbone):
    """`[N, C, H, W]` → `[N, T, features]`; see `Backbone`."""

    def __init__(self, channels: int, width: float, stride: int, height: int) -> None:
        stem = round_channels(16 * width, 8)
        first, *strides = fitted_strides([2, *(stage.stride for stage in _STAGES)], stride, height)
        layers: list[nn.Module] = [conv_bn(channels, stem, 3, first, activation=nn.Hardswish)]
        previous = stem
        for stage, step in zip(_STAGES, strides, strict=True):
            scaled = stage.scaled(width, step)
            layers.append(InvertedResidual(previous, scaled))
            previous = scaled.outputs
        super().__init__(layers, previous, round_channels(128 * width), nn.Hardswish, height)
