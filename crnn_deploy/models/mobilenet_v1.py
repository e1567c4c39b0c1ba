"""The plainest light backbone: depthwise-separable convolutions with ReLU, after MobileNet (Howard et al., arXiv
1704.04861), with the original's channels and strides for text lines."""

from __future__ import annotations

from torch import nn

from crnn_deploy.models.backbone import Backbone, fitted_strides
from crnn_deploy.models.blocks import Stride, conv_bn, round_channels

# (output channels, stride); strides are (vertical, horizontal)
_STAGES: tuple[tuple[int, Stride], ...] = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, (2, 1)),
    (256, 1),
    (512, (2, 1)),
    (512, 1),
)


class MobileNetV1Features(Backbone):
    """`[N, C, H, W]` → `[N, T, features]`; see `Backbone`."""

    def __init__(self, channels: int, width: float, stride: int, height: int) -> None:
        previous = round_channels(32 * width)
        first, *strides = fitted_strides([2, *(stage[-1] for stage in _STAGES)], stride, height)
        layers: list[nn.Module] = [conv_bn(channels, previous, 3, first)]
        for (outputs, _), step in zip(_STAGES, strides, strict=True):
            wide = round_channels(outputs * width)
            layers.append(_separable(previous, wide, step))
            previous = wide
        super().__init__(layers, previous, round_channels(128 * width), nn.ReLU, height)


def _separable(inputs: int, outputs: int, stride: Stride) -> nn.Sequential:
    """3×3 depthwise and 1×1 convolution, each with batch norm and ReLU."""
    return nn.Sequential(conv_bn(inputs, inputs, 3, stride, groups=inputs), conv_bn(inputs, outputs, 1))
