"""Joins the vector beside a picture to what a network has made of the picture, before its head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_NUMBERS = 32
"""Features that are made of a vector."""


class VectorFusion(nn.Module):
    """Features of pictures `[N, D]` and vectors `[N, K]` → features of both, `[N, D]`.

    The vector passes a linear layer and a ReLU, and is concatenated to the features of the picture. A linear layer and
    a ReLU over both follow: a linear head right behind the concatenation could only add what the picture says to what
    the vector says, so that no class could depend on how the two go together, as in "exactly one of them".

    Args:
        features: D.
        numbers: K.
    """

    def __init__(self, features: int, numbers: int) -> None:
        super().__init__()
        self.vector = nn.Linear(numbers, _NUMBERS)
        self.both = nn.Linear(features + _NUMBERS, features)

    def forward(self, features: Tensor, vector: Tensor) -> Tensor:
        beside = self.vector(vector).relu()
        both: Tensor = self.both(torch.cat([features, beside], 1)).relu()
        return both


def vector_fusion(features: int, numbers: int) -> VectorFusion | None:
    """The fusion for vectors of so many numbers; None for a network that takes none."""
    return VectorFusion(features, numbers) if numbers else None


def fused(fusion: VectorFusion | None, features: Tensor, vector: Tensor | None) -> Tensor:
    """The features `[N, D]`, with the vector where the network takes one."""
    if fusion is None:
        return features
    assert vector is not None, "this network takes a vector beside each picture"
    joined: Tensor = fusion(features, vector)
    return joined
