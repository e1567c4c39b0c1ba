"""The classic small backbone: inverted residuals with depthwise convolutions, squeeze-excite and hard-swish,
after MobileNetV3-Small (Howard et al., arXiv 1905.02244), with strides for text lines."""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.models.backbone import Backbone, line_strides
from crnn_deploy.models.blocks import SqueezeExcite, Stride, conv_bn, round_channels

# (kernel, expanded channels, output channels, squeeze-excite, hard-swish, stride); strides are (vertical, horizontal)
_STAGES: tuple[tuple[int, int, int, bool, bool, Stride], ...] = (
    (3, 16, 16, True, False, 1),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, (2, 1)),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 288, 96, True, True, (2, 1)),
    (5, 576, 96, True, True, 1),
)


class InvertedResidual(nn.Module):
    """1×1 expansion, depthwise convolution, optional squeeze-excite, 1×1 projection."""

    def __init__(
        self, inputs: int, kernel: int, expanded: int, outputs: int, excite: bool, hard_swish: bool, stride: Stride
    ) -> None:
        super().__init__()
        activation = nn.Hardswish if hard_swish else nn.ReLU
        layers: list[nn.Module] = []
        if expanded != inputs:
            layers.append(conv_bn(inputs, expanded, 1, activation=activation))
        layers.append(conv_bn(expanded, expanded, kernel, stride, groups=expanded, activation=activation))
        if excite:
            layers.append(SqueezeExcite(expanded))
        layers.append(conv_bn(expanded, outputs, 1, activation=None))
        self.layers = nn.Sequential(*layers)
        self.residual = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class MobileNetV3Features(Backbone):
    """`[N, C, 32, W]` → `[N, W/stride, features]`."""

    def __init__(self, channels: int, width: float, stride: int) -> None:
        stem = round_channels(16 * width, 8)
        layers: list[nn.Module] = [conv_bn(channels, stem, 3, 2, activation=nn.Hardswish)]
        previous = stem
        strides = line_strides((stage[-1] for stage in _STAGES), stride)
        for (kernel, expanded, outputs, excite, hard_swish, _), step in zip(_STAGES, strides, strict=True):
            wide, narrow = round_channels(expanded * width, 8), round_channels(outputs * width, 8)
            layers.append(InvertedResidual(previous, kernel, wide, narrow, excite, hard_swish, step))
            previous = narrow
        super().__init__(layers, previous, round_channels(128 * width), nn.Hardswish)
