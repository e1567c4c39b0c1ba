"""Dense backbone of fused inverted bottlenecks, after MobileNetV4 (Qin et al., arXiv 2404.10518).

Dense 3×3 convolutions with plain ReLU cost more MACs than depthwise ones and the same time in FP32, but INT8 makes them
four times faster and keeps 27 dB of signal where depthwise blocks keep 14 (measured; see benchmarks).
"""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.models.backbone import Backbone, fitted_strides
from crnn_deploy.models.blocks import Stride, conv_bn, round_channels

# (expanded channels, output channels, stride); strides are (vertical, horizontal)
_STAGES: tuple[tuple[int, int, Stride], ...] = (
    (96, 48, 2),
    (96, 48, 1),
    (128, 64, (2, 1)),
    (160, 64, 1),
    (192, 96, (2, 1)),
    (192, 96, 1),
)


class FusedBottleneck(nn.Module):
    """Expand with a dense 3×3, project with a 1×1; residual if the shape stays the same."""

    def __init__(self, inputs: int, expanded: int, outputs: int, stride: Stride) -> None:
        super().__init__()
        self.expand = conv_bn(inputs, expanded, 3, stride)
        self.project = conv_bn(expanded, outputs, 1, activation=None)
        self.residual = inputs == outputs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.expand(x))
        return x + y if self.residual else y


class MobileNetV4Features(Backbone):
    """`[N, C, H, W]` → `[N, T, features]`; see `Backbone`."""

    def __init__(self, channels: int, width: float, stride: int, height: int) -> None:
        stem = round_channels(24 * width, 8)
        first, *strides = fitted_strides([2, *(stage[-1] for stage in _STAGES)], stride, height)
        layers: list[nn.Module] = [conv_bn(channels, stem, 3, first)]
        previous = stem
        for (expanded, outputs, _), step in zip(_STAGES, strides, strict=True):
            wide, narrow = round_channels(expanded * width), round_channels(outputs * width)
            layers.append(FusedBottleneck(previous, wide, narrow, step))
            previous = narrow
        super().__init__(layers, previous, round_channels(128 * width), nn.ReLU, height)
