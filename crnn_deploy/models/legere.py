"""The compact recogniser of the package `legere`: depthwise-separable convolutions, a bidirectional GRU, a linear head.

Separable blocks after MobileNet (Howard et al., arXiv 1704.04861).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from crnn_deploy import limits
from crnn_deploy.config import Frozen
from crnn_deploy.models.blocks import Stride
from crnn_deploy.spec import ModelSpec
from crnn_deploy.validation import parse

# (vertical, horizontal) stride of each block; with the stem's 2 they reduce 32 rows to one and the width to W/4.
BLOCK_STRIDES: tuple[Stride, ...] = (2, 1, (2, 1), 1, (2, 1), (2, 1))
LEGERE_STRIDE = 4


class LegereOptions(Frozen):
    """Sizes of the network; all of them follow from the state dict."""

    stem: int = Field(default=24, gt=0, le=limits.MAX_CHANNELS, description="channels of the first convolution")
    channels: tuple[Annotated[int, Field(gt=0, le=limits.MAX_CHANNELS)], ...] = Field(
        default=(48, 64, 96, 128, 160, 192),
        min_length=len(BLOCK_STRIDES),
        max_length=len(BLOCK_STRIDES),
        description="of each block",
    )
    hidden: int = Field(default=128, gt=0, le=limits.MAX_HIDDEN, description="GRU units in each direction")
    layers: int = Field(default=1, gt=0, le=limits.MAX_LAYERS)


class SeparableBlock(nn.Module):
    """3×3 depthwise and 1×1 convolution, each with batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: Stride) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.depthwise(x)).relu()
        z: Tensor = self.bn2(self.pointwise(y)).relu()
        return z


class CompactCrnn(nn.Module):
    """`[N, C, 32, W]` → CTC logits `[N, W/4, K]`. Parameter names are the original's."""

    def __init__(self, options: LegereOptions, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(inputs, options.stem, 3, 2, 1, bias=False), nn.BatchNorm2d(options.stem), nn.ReLU()
        )
        before = (options.stem, *options.channels[:-1])
        self.blocks = nn.Sequential(
            *[SeparableBlock(*sizes) for sizes in zip(before, options.channels, BLOCK_STRIDES, strict=True)]
        )
        self.rnn = nn.GRU(options.channels[-1], options.hidden, options.layers, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * options.hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        columns = self.blocks(self.stem(x)).squeeze(2).transpose(1, 2)
        y, _ = self.rnn(columns)
        logits: Tensor = self.head(y)
        return logits


def build_legere(spec: ModelSpec) -> nn.Module:
    """The network that `spec.architecture` describes, with fresh weights."""
    assert spec.architecture is not None
    options = parse(LegereOptions, spec.architecture.options, f"architecture options of {spec.name}")
    return CompactCrnn(options, spec.preprocessing.channel_count, spec.num_outputs)
