"""What all MobileNet backbones for text lines have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from torch import Tensor, nn

from crnn_deploy.models.blocks import Stride


class Backbone(nn.Module):
    """`[N, C, 32, W]` → `[N, W/stride, features]`: blocks that leave two rows, and a convolution that joins these.

    Args:
        blocks: the last gives `channels`.
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
    """The (vertical, horizontal) strides of a backbone's stages, made for 4 pixels a frame, for `stride`: 4 or 8.

    At 8 the first stage that would only halve the height halves the width too, so that all later ones cost half.
    """
    chosen = list(strides)
    if stride == 8:
        chosen[chosen.index((2, 1))] = 2
    return chosen
