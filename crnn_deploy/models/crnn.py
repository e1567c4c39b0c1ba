"""CRNNs to train from scratch: VGG features, bidirectional recurrent layers, a linear head.

After Shi et al. (arXiv 1507.05717), with two changes: batch norm follows every convolution, for stable training at any
width, and the last kernel is 2×1 instead of 2×2, so that there is a frame for every four pixels.
"""

from __future__ import annotations

from torch import Tensor, nn

from crnn_deploy.models.blocks import conv_bn, round_channels
from crnn_deploy.models.config import CrnnChoice, CrnnOptions
from crnn_deploy.models.line_spec import line_spec
from crnn_deploy.spec import Architecture, ModelSpec
from crnn_deploy.validation import parse

CRNN_STRIDE = 4

_CELLS = {"crnn-bilstm": nn.LSTM, "crnn-bigru": nn.GRU}


class Crnn(nn.Module):
    """`[N, C, 32, W]` → CTC logits `[N, W/4, K]`, or class logits `[N, K]` from the mean over time.

    `head`, the last layer, takes the features of the sequence: `[N, W/4, 2 hidden]`.
    """

    def __init__(self, family: str, options: CrnnOptions, spec: ModelSpec) -> None:
        super().__init__()
        self.features = _vgg(spec.preprocessing.channel_count, options.width)
        inputs = round_channels(512 * options.width)
        self.rnn = _CELLS[family](inputs, options.hidden, options.layers, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(2 * options.hidden, spec.num_outputs)
        self.pool = spec.task == "classify"

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(self.features(x).squeeze(2).transpose(1, 2))
        logits: Tensor = self.head(self.dropout(y.mean(1) if self.pool else y))
        return logits


def _vgg(inputs: int, width: float) -> nn.Sequential:
    first, second, third, fourth = (round_channels(channels * width) for channels in (64, 128, 256, 512))
    return nn.Sequential(
        *[conv_bn(inputs, first), nn.MaxPool2d(2)],
        *[conv_bn(first, second), nn.MaxPool2d(2)],
        *[conv_bn(second, third), conv_bn(third, third), nn.MaxPool2d((2, 1))],
        *[conv_bn(third, fourth), conv_bn(fourth, fourth), nn.MaxPool2d((2, 1))],
        # Joins the last two rows.
        *[nn.Conv2d(fourth, fourth, (2, 1), bias=False), nn.BatchNorm2d(fourth), nn.ReLU()],
    )


def build_crnn(spec: ModelSpec) -> nn.Module:
    """The network that `spec.architecture` describes, with fresh weights."""
    assert spec.architecture is not None
    options = parse(CrnnOptions, spec.architecture.options, f"architecture options of {spec.name}")
    return Crnn(spec.architecture.family, options, spec)


def crnn_spec(name: str, choice: CrnnChoice, like: ModelSpec, charset: tuple[str, ...] | None = None) -> ModelSpec:
    """Spec of a CRNN with the task and the charset of `like`, or with `charset` and the blank first.

    Raises:
        InputError: if `charset` is empty, or `like` is a classifier.
    """
    architecture = Architecture(family=choice.family, options=choice.options().model_dump())
    return line_spec(name, architecture, CRNN_STRIDE, like, charset)
