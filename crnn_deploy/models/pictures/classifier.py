"""The common part of networks for pictures: recurrent layers over a sequence of steps, and a linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.models.pictures.config import PictureOptions
from crnn_deploy.models.recurrent import recurrent_layers


class SequenceClassifier(nn.Module):
    """`[N, C, H, W]`, or clips `[N, T, C, H, W]`, → class logits `[N, K]`.

    `head`, the last layer, takes what is left of the sequence: `[N, D]`.

    Args:
        steps: pictures or clips → `[N, T, inputs]`.
        inputs: channels of a step.
        cell: `gru` or `lstm`.
        classes: K.
    """

    def __init__(self, steps: nn.Module, inputs: int, cell: str, options: PictureOptions, classes: int) -> None:
        super().__init__()
        self.steps = steps
        self.rnn = recurrent_layers(cell, inputs, options)
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.outputs, classes)
        self.mean = options.pool == "mean"
        self.bidirectional = options.bidirectional

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(self.steps(x))
        logits: Tensor = self.head(self.dropout(y.mean(1) if self.mean else self._last(y)))
        return logits

    def _last(self, y: Tensor) -> Tensor:
        """What each direction gives after its last step, `[N, D]`."""
        if not self.bidirectional:
            return y[:, -1]
        forward, backward = y.chunk(2, -1)
        return torch.cat([forward[:, -1], backward[:, 0]], -1)
