"""What a loss sees and gives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from crnn_deploy.training.batches import TrainingBatch


@dataclass(frozen=True)
class Outputs:
    """Of the student: `logits` `[N, T, K]` or `[N, K]`, and what its head reads, `features` `[N, T, D]` or `[N, D]`."""

    logits: Tensor
    features: Tensor


class Loss(nn.Module):
    """One thing to learn from: a mean, so that a weight means the same for every batch and charset."""

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        """Scalar; zero where the batch has nothing for it."""
        raise NotImplementedError


def inside(frames: Tensor, length: int) -> Tensor:
    """`[N, T]` booleans: which of `length` frames belong to lines that have `frames` `[N]` of them."""
    return torch.arange(length, device=frames.device)[None] < frames[:, None]
