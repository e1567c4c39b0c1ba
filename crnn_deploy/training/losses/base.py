"""The interface of all losses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.frame_logits import FrameLogits


@dataclass(frozen=True)
class Outputs:
    """Of the student: `logits` `[N, T, K]` or `[N, K]`; `features` `[N, T, D]` or `[N, D]`, the input of its head."""

    logits: Tensor
    features: Tensor

    @cached_property
    def frame_logits(self) -> FrameLogits:
        """Those of lines, from which all losses take what they need."""
        return FrameLogits(self.logits)


class Loss(nn.Module):
    """A loss is a mean, so that its weight means the same for every batch and charset."""

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        """Scalar; zero if the batch has nothing to learn from."""
        raise NotImplementedError


def inside(frames: Tensor, length: int) -> Tensor:
    """`[N, T]` booleans: which of T = `length` frames belong to the lines, which have `frames` `[N]` frames."""
    return torch.arange(length, device=frames.device)[None] < frames[:, None]
