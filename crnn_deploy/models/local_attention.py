"""Attention of each step of a sequence to its neighbours (Luong et al., arXiv 1508.04025, with a fixed window)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class LocalAttention(nn.Module):
    """`[N, T, C]` → `[N, T, outputs]`: each step sees `reach` steps on each side, and itself.

    Made of shifted copies, so that it exports for any number of steps and needs memory for T · (2 · reach + 1) scores.
    """

    def __init__(self, channels: int, outputs: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.query = nn.Linear(channels, outputs)
        self.key = nn.Linear(channels, outputs)
        self.value = nn.Linear(channels, outputs)

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x) / math.sqrt(self.query.out_features)
        keys, values = self._neighbours(self.key(x)), self._neighbours(self.value(x))
        scores = torch.stack([(query * key).sum(-1) for key in keys], -1)  # [N, T, 2 · reach + 1]
        inside = torch.stack(self._neighbours(torch.ones_like(x[:, :, :1])), -1)[:, :, 0]
        weights = (scores + (inside - 1) * 1e4).softmax(-1)
        seen = [weights[:, :, place : place + 1] * value for place, value in enumerate(values)]
        return torch.stack(seen).sum(0)

    def _neighbours(self, x: Tensor) -> list[Tensor]:
        """`x` moved by each distance from -reach to reach, with zeros beyond its ends."""
        steps = x.shape[1]
        padded = nn.functional.pad(x, (0, 0, self.reach, self.reach))
        return [padded[:, place : place + steps] for place in range(2 * self.reach + 1)]
