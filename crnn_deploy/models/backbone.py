"""The common part of all MobileNet backbones, for text lines and for pictures of any size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from crnn_deploy.models.blocks import Stride

_LINE_HALVINGS = 4  # of 32 pixels, which leave two rows
_MOST_HALVINGS = 7  # the shallowest backbone has a stem and six stages


class Backbone(nn.Module):
    """`[N, C, H, W]` → `[N, T, features]`: blocks that leave a few rows, and a convolution that joins these.

    A step is a column of what is left; see `halvings` for the rows and `horizontal_stride` for T.

    Args:
        channels: number of channels after the last block.
        height: H.
    """

    def __init__(
        self,
        blocks: Sequence[nn.Module],
        channels: int,
        features: int,
        activation: Callable[[], nn.Module],
        height: int,
    ) -> None:
        super().__init__()
        self.features = features
        self.blocks = nn.Sequential(*blocks)
        self.join = nn.Sequential(
            nn.Conv2d(channels, features, (rows_left(height), 1), bias=False), nn.BatchNorm2d(features), activation()
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.join(self.blocks(x))
        return y.squeeze(2).transpose(1, 2)


def halvings(height: int) -> int:
    """How often a backbone halves the height of its input.

    Up to 32 pixels until two rows are left, as in a line; four times up to 64 pixels, which leaves up to four rows; and
    once more for each doubling, at most seven times. So 28 and 32 pixels leave 2 rows, 64 and 128 and 224 leave 4.
    """
    until_two, until_four = (max(1, math.ceil(math.log2(height / rows))) for rows in (2, 4))
    return min(_MOST_HALVINGS, max(until_four, min(_LINE_HALVINGS, until_two)))


def rows_left(height: int) -> int:
    """Rows that are left of an input, which the last convolution joins."""
    return math.ceil(height / (1 << halvings(height)))


def horizontal_stride(stride: int, height: int) -> int:
    """Input pixels for each step: the width is halved with the height, but for the last two times (one, of stride 8).

    So a network of `stride` 4 has a step for every 4 pixels at 17 to 64 pixels of height, for every 8 up to 128, and
    for every 16 up to 256: 7 steps at 28×28, 8 at 32×32, 16 at 64×64 and at 96×128, 14 at 224×224.
    """
    return 1 << max(0, halvings(height) - _rows_only(stride))


def fitted_strides(strides: Sequence[Stride], stride: int, height: int) -> list[Stride]:
    """The (vertical, horizontal) strides of the stem and the stages for an input of some height.

    The width is halved first, since all later stages cost half then. A lower input has no strides in the first places,
    and a higher one has further strides in the first stages that have none.

    Args:
        strides: those for lines of 32 pixels.
        stride: 4 or 8, as in `horizontal_stride`.
    """
    count = halvings(height)
    halving = [place for place, step in enumerate(strides) if step != 1]
    spare = [place for place, step in enumerate(strides) if step == 1]
    places = sorted([*halving[-count:], *spare[: max(0, count - len(halving))]])
    fitted: list[Stride] = [1] * len(strides)
    for number, place in enumerate(places, 1):
        fitted[place] = 2 if number <= count - _rows_only(stride) else (2, 1)
    return fitted


def _rows_only(stride: int) -> int:
    """How many of the halvings are of the height alone."""
    return 2 if stride == 4 else 1
