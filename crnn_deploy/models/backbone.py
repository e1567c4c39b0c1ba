"""The common part of all MobileNet backbones for text lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from torch import Tensor, nn

from crnn_deploy.models.blocks import Stride


class Backbone(nn.Module):
    """`[N, C, 32, W]` → `[N, W/stride, features]`: blocks that leave two rows, and a convolution over these.

    Args:
        channels: number of channels after the last block.
    """

    def __init__(
        self, blocks: Sequence[nn.Module], channels: int, features: int, activation: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.features = features
        self.blocks = nn.Sequential(*blocks)
        self.join = nn.Sequential(
            nn.Conv2d(channels, features, (2, 1), bias=False), nn.BatchNorm2d(features), activation()
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.join(self.blocks(x))
        return y.squeeze(2).transpose(1, 2)


def line_strides(strides: Iterable[Stride], stride: int) -> list[Stride]:
    """The (vertical, horizontal) strides of the stages for a `stride` of 4 or 8, from `strides` for 4.

    For 8, the first stage that halves only the height halves the width too, so that all later stages cost half.
    """
    chosen = list(strides)
    if stride == 8:
        chosen[chosen.index((2, 1))] = 2
    return chosen
