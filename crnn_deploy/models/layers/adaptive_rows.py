"""Adaptive pooling of rows in operators that every exporter and runtime has."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AdaptiveRows(nn.Module):
    """The mean or the largest value of `rows` windows over the height: `[N, C, H, W]` → `[N, C, rows, W]`.

    Window i is from row ⌊i·H/rows⌋ to row ⌈(i+1)·H/rows⌉, as in PyTorch's `AdaptiveAvgPool2d`: where the height is no
    multiple, windows overlap. An exported network keeps the height that it was exported with.
    """

    def __init__(self, rows: int, largest: bool) -> None:
        super().__init__()
        self._rows = rows
        self._largest = largest

    def forward(self, x: Tensor) -> Tensor:
        height = int(x.shape[-2])
        if height % self._rows == 0:
            pool = nn.functional.max_pool2d if self._largest else nn.functional.avg_pool2d
            return x if height == self._rows else pool(x, (height // self._rows, 1))
        windows = [(row * height // self._rows, -(-(row + 1) * height // self._rows)) for row in range(self._rows)]
        return torch.cat([self._pooled(x[..., first:end, :]) for first, end in windows], -2)

    def _pooled(self, x: Tensor) -> Tensor:
        return x.amax(-2, keepdim=True) if self._largest else x.mean(-2, keepdim=True)
