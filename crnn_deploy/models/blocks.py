"""Convolution blocks of the MobileNet students and CRNNs."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

Stride = int | tuple[int, int]


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: int = 3,
    stride: Stride = 1,
    groups: int = 1,
    activation: Callable[[], nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution, batch norm and, unless None, an activation; padded to keep the size at stride 1."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if activation is not None:
        layers.append(activation())
    return nn.Sequential(*layers)


def round_channels(channels: float, multiple: int = 16) -> int:
    """The nearest multiple of `multiple`, and at least `multiple`, so that INT8 kernels use full vectors."""
    return max(multiple, int(channels / multiple + 0.5) * multiple)


class SqueezeExcite(nn.Module):
    """Channel gate from the global mean (Hu et al., arXiv 1709.01507), with the hard sigmoid of MobileNetV3."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(8, channels // 4)
        self.reduce = nn.Conv2d(channels, hidden, 1)
        self.expand = nn.Conv2d(hidden, channels, 1)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        pooled = x.mean((2, 3), keepdim=True)
        gate: Tensor = self.gate(self.expand(self.reduce(pooled).relu()))
        return x * gate
