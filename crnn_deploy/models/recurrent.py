"""The recurrent layers of a student."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.models.config import StudentOptions


def gru_layers(inputs: int, options: StudentOptions) -> nn.GRU | GruStack:
    """The GRU layers of a student: `[N, T, inputs]` → `[N, T, D]` and the last states, as `nn.GRU` returns them.

    D is `options.hidden`, or twice that if the layers are bidirectional.
    """
    if options.residual or options.layer_norm:
        return GruStack(inputs, options)
    return nn.GRU(inputs, options.hidden, options.layers, batch_first=True, bidirectional=options.bidirectional)


class GruStack(nn.Module):
    """GRU layers with residual connections or layer normalisation, which `nn.GRU` does not have.

    With `options.residual` the input of each further layer is added to its output (Wu et al., arXiv 1609.08144). With
    `options.layer_norm` the input of each layer is normalised over its channels (Ba et al., arXiv 1607.06450).
    """

    def __init__(self, inputs: int, options: StudentOptions) -> None:
        super().__init__()
        outputs = options.hidden * (1 + options.bidirectional)
        widths = [inputs] + [outputs] * (options.layers - 1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) if options.layer_norm else nn.Identity() for width in widths)
        self.layers = nn.ModuleList(
            nn.GRU(width, options.hidden, batch_first=True, bidirectional=options.bidirectional) for width in widths
        )
        self.residual = options.residual

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        states = []
        for index, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            y, state = layer(norm(x))
            x = x + y if self.residual and index > 0 else y
            states.append(state)
        return x, torch.cat(states)
