"""EasyOCR's generation-2 recogniser: VGG features, bidirectional LSTM layers each with a projection, a linear head.

After `vgg_model.py` of JaidedAI/EasyOCR, which follows CRNN (Shi et al., arXiv 1507.05717).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from crnn_deploy import limits
from crnn_deploy.config import Frozen
from crnn_deploy.spec import ModelSpec
from crnn_deploy.validation import parse

EASYOCR_STRIDE = 4

Channels = Annotated[int, Field(gt=0, le=limits.MAX_CHANNELS)]


class EasyOcrOptions(Frozen):
    """Sizes of the network; all of them follow from the state dict."""

    channels: tuple[Channels, Channels, Channels, Channels] = Field(
        default=(32, 64, 128, 256), description="of the four VGG stages"
    )
    hidden: int = Field(default=256, gt=0, le=limits.MAX_HIDDEN, description="LSTM units in each direction")
    layers: int = Field(default=2, gt=0, le=limits.MAX_LAYERS)


class ProjectedLstm(nn.Module):
    """Bidirectional LSTM and a projection to `hidden`: `[N, T, C]` → `[N, T, hidden]`."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * hidden, hidden)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(x)
        projected: Tensor = self.linear(y)
        return projected


class VggLstm(nn.Module):
    """`[N, C, H, W]` → CTC logits `[N, W/4 - 1, K]`."""

    def __init__(self, options: EasyOcrOptions, inputs: int, outputs: int) -> None:
        super().__init__()
        self.features = _vgg(inputs, options.channels)
        widths = [options.channels[-1]] + [options.hidden] * (options.layers - 1)
        self.sequence = nn.Sequential(*[ProjectedLstm(width, options.hidden) for width in widths])
        self.head = nn.Linear(options.hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        # The original's AdaptiveAvgPool2d over the height does not export; the mean has the same value.
        columns = self.features(x).mean(2).transpose(1, 2)
        logits: Tensor = self.head(self.sequence(columns))
        return logits


def _vgg(inputs: int, channels: tuple[Channels, Channels, Channels, Channels]) -> nn.Sequential:
    """The original's layers in its order, so that its parameter names (`0.weight`, `3.weight`, …) fit."""
    first, second, third, fourth = channels
    return nn.Sequential(
        *[nn.Conv2d(inputs, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(second, third, 3, padding=1), nn.ReLU()],
        *[nn.Conv2d(third, third, 3, padding=1), nn.ReLU(), nn.MaxPool2d((2, 1))],
        *[nn.Conv2d(third, fourth, 3, padding=1, bias=False), nn.BatchNorm2d(fourth), nn.ReLU()],
        *[nn.Conv2d(fourth, fourth, 3, padding=1, bias=False), nn.BatchNorm2d(fourth), nn.ReLU(), nn.MaxPool2d((2, 1))],
        *[nn.Conv2d(fourth, fourth, 2), nn.ReLU()],
    )


def build_easyocr_g2(spec: ModelSpec) -> nn.Module:
    """The network that `spec.architecture` describes, with fresh weights."""
    assert spec.architecture is not None
    options = parse(EasyOcrOptions, spec.architecture.options, f"architecture options of {spec.name}")
    return VggLstm(options, spec.preprocessing.channel_count, spec.num_outputs)
