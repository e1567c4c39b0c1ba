"""The common part of networks for pictures: recurrent layers over a sequence of steps, and a linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.models.pictures.config import PictureOptions
from crnn_deploy.models.recurrent import recurrent_layers
from crnn_deploy.models.vector_fusion import fused, vector_fusion
from crnn_deploy.spec import ModelSpec


class SequenceClassifier(nn.Module):
    """`[N, C, H, W]` or clips `[N, T, C, H, W]`, and vectors `[N, V]` where the spec has some → class logits `[N, K]`.

    `head`, the last layer, takes what is left of the sequence: `[N, D]`.

    Args:
        steps: pictures or clips → `[N, T, inputs]`.
        inputs: channels of a step.
        cell: `gru` or `lstm`.
        spec: whose classes are K, and whose vector is V numbers.
    """

    def __init__(self, steps: nn.Module, inputs: int, cell: str, options: PictureOptions, spec: ModelSpec) -> None:
        super().__init__()
        self.steps = steps
        self.rnn = recurrent_layers(cell, inputs, options)
        self.dropout = nn.Dropout(options.dropout)
        self.fusion = vector_fusion(options.outputs, len(spec.preprocessing.vector))
        self.head = nn.Linear(options.outputs, spec.num_outputs)
        self.mean = options.pool == "mean"
        self.bidirectional = options.bidirectional

    def forward(self, x: Tensor, vector: Tensor | None = None) -> Tensor:
        y, _ = self.rnn(self.steps(x))
        features = fused(self.fusion, y.mean(1) if self.mean else self._last(y), vector)
        logits: Tensor = self.head(self.dropout(features))
        return logits

    def _last(self, y: Tensor) -> Tensor:
        """What each direction gives after its last step, `[N, D]`."""
        if not self.bidirectional:
            return y[:, -1]
        forward, backward = y.chunk(2, -1)
        return torch.cat([forward[:, -1], backward[:, 0]], -1)
