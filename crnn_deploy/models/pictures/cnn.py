"""`cnn-lstm` and `cnn-gru`: two convolutions, each with pooling, and recurrent layers over the rows that are left."""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.models.pictures.classifier import SequenceClassifier
from crnn_deploy.models.pictures.config import CnnGru, CnnLstm
from crnn_deploy.spec import ModelSpec


class Rows(nn.Module):
    """`[N, C, H, W]` → a step for each of H/4 rows: `[N, H/4, channels · W/4]`."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *[nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
            *[nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        )

    def forward(self, x: Tensor) -> Tensor:
        rows: Tensor = self.layers(x).transpose(1, 2).flatten(2)
        return rows


def cnn(options: CnnLstm | CnnGru, spec: ModelSpec) -> nn.Module:
    """The network of `options` for the pictures and classes of `spec`, with fresh weights."""
    p = spec.preprocessing
    assert p.width is not None
    inputs = 2 * options.channels * (p.width // 4)
    cell = options.family.removeprefix("cnn-")
    return SequenceClassifier(Rows(p.channel_count, options.channels), inputs, cell, options, spec)
