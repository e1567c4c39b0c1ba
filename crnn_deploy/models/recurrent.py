"""The recurrent layers of a student."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def gru_layers(
    inputs: int, hidden: int, layers: int, bidirectional: bool, residual: bool, layer_norm: bool
) -> nn.GRU | GruStack:
    """GRU layers with the interface of `nn.GRU`: `[N, T, inputs]` → `[N, T, D]` and the last states.

    D is `hidden`, or twice that where the layers run in both directions.
    """
    if residual or layer_norm:
        return GruStack(inputs, hidden, layers, bidirectional, residual, layer_norm)
    return nn.GRU(inputs, hidden, layers, batch_first=True, bidirectional=bidirectional)


class GruStack(nn.Module):
    """GRU layers with what `nn.GRU` does not have between them.

    Args:
        residual: add each further layer's input to its output (Wu et al., arXiv 1609.08144).
        layer_norm: normalise the input of each layer over its channels (Ba et al., arXiv 1607.06450).
    """

    def __init__(
        self, inputs: int, hidden: int, layers: int, bidirectional: bool, residual: bool, layer_norm: bool
    ) -> None:
        super().__init__()
        outputs = hidden * (1 + bidirectional)
        widths = [inputs] + [outputs] * (layers - 1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) if layer_norm else nn.Identity() for width in widths)
        self.layers = nn.ModuleList(
            nn.GRU(width, hidden, batch_first=True, bidirectional=bidirectional) for width in widths
        )
        self.residual = residual

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        states = []
        for index, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            y, state = layer(norm(x))
            x = x + y if self.residual and index > 0 else y
            states.append(state)
        return x, torch.cat(states)
