"""`pixel-gru`: a picture as a sequence of its rows, or of all its pixels, behind a 1×1 convolution.

A picture of 224×224 pixels has 50,176 pixels as steps. With the option `checkpointing` the training keeps one state in
256 of them, and computes the others again.
"""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.models.pictures.classifier import SequenceClassifier
from crnn_deploy.models.pictures.config import PixelGru
from crnn_deploy.spec import ModelSpec


class Steps(nn.Module):
    """`[N, C, H, W]` → `[N, H, W · channels]`, or `[N, H · W, channels]` where each pixel is a step."""

    def __init__(self, inputs: int, options: PixelGru) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(inputs, options.channels, 1)
        self.rows = options.steps == "rows"

    def forward(self, x: Tensor) -> Tensor:
        pixels: Tensor = self.reduce(x).permute(0, 2, 3, 1)
        return pixels.flatten(2) if self.rows else pixels.flatten(1, 2)


def pixel_gru(options: PixelGru, spec: ModelSpec) -> nn.Module:
    """The network of `options` for the pictures and classes of `spec`, with fresh weights."""
    p = spec.preprocessing
    assert p.width is not None
    inputs = options.channels * (p.width if options.steps == "rows" else 1)
    return SequenceClassifier(Steps(p.channel_count, options), inputs, "gru", options, spec)
