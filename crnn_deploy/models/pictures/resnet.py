"""`resnet18`, `resnet18-gru` and `resnet18-lstm` (He et al., arXiv 1512.03385).

At 224 pixels the feature map has 7×7 cells of 512 channels: 49 steps for the recurrent layers. With the same stem a
picture of 32 pixels would become a single cell, and nothing would be left to read. So small pictures have a stem of
3×3 without stride and pooling, as He et al. have it for CIFAR (section 4.2): 4×4 cells, 16 steps.
"""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.models.blocks import conv_bn, round_channels
from crnn_deploy.models.pictures.classifier import SequenceClassifier
from crnn_deploy.models.pictures.config import ResNet
from crnn_deploy.models.vector_fusion import fused, vector_fusion
from crnn_deploy.spec import ModelSpec

_STAGES = (64, 128, 256, 512)
_LARGE = 96  # pixels from which a picture has the large stem
_NO_CELL = "resnet18"


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn(inputs, outputs, 3, stride), conv_bn(outputs, outputs, 3, 1, activation=None))
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride, activation=None)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = (self.body(x) + self.shortcut(x)).relu()
        return y


class Features(nn.Sequential):
    """`[N, C, H, W]` → `[N, channels, H', W']`; H' is H/8 with the small stem and H/32 with the large one."""

    def __init__(self, inputs: int, width: float, large: bool) -> None:
        sizes = [round_channels(channels * width) for channels in _STAGES]
        stem = conv_bn(inputs, sizes[0], 7 if large else 3, 2 if large else 1)
        blocks = []
        for index, outputs in enumerate(sizes):
            before = sizes[max(0, index - 1)]
            blocks += [Block(before, outputs, 1 if index == 0 else 2), Block(outputs, outputs, 1)]
        super().__init__(stem, nn.MaxPool2d(3, 2, 1) if large else nn.Identity(), *blocks)
        self.channels = sizes[-1]


class Cells(nn.Module):
    """`[N, C, H, W]` → the cells of the feature map, row by row: `[N, H' · W', channels]`."""

    def __init__(self, features: Features) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        cells: Tensor = self.features(x).flatten(2).transpose(1, 2)
        return cells


class Mean(nn.Module):
    """ResNet-18 without recurrent layers: the mean over the feature map, and a linear head."""

    def __init__(self, features: Features, dropout: float, spec: ModelSpec) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout)
        self.fusion = vector_fusion(features.channels, len(spec.preprocessing.vector))
        self.head = nn.Linear(features.channels, spec.num_outputs)

    def forward(self, x: Tensor, vector: Tensor | None = None) -> Tensor:
        features = fused(self.fusion, self.features(x).mean((2, 3)), vector)
        logits: Tensor = self.head(self.dropout(features))
        return logits


def resnet(options: ResNet, spec: ModelSpec) -> nn.Module:
    """The network of `options` for the pictures and classes of `spec`, with fresh weights."""
    p = spec.preprocessing
    assert p.width is not None
    large = options.stem == "large" or (options.stem is None and min(p.height, p.width) >= _LARGE)
    features = Features(p.channel_count, options.width, large)
    if options.family == _NO_CELL:
        return Mean(features, options.dropout, spec)
    cell = options.family.removeprefix("resnet18-")
    return SequenceClassifier(Cells(features), features.channels, cell, options, spec)
