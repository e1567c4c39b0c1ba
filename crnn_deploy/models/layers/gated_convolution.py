"""The recurrent convolution of Wang and Hu, "Gated Recurrent Convolution Neural Network for OCR" (NIPS 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.models.layers.scene_text_options import GatedRecurrentConvolution


class GatedRecurrence(nn.Module):
    """`[N, C, H, W]` → `[N, D, H, W]`: the same convolutions in each iteration, with other batch norms.

    x₀ = relu(norm(input(u))), and xₜ = relu(norm(input(u)) + norm(norm(state(xₜ₋₁)) · gate)) where
    gate = sigmoid(norm(gate_input(u)) + norm(gate_state(xₜ₋₁))).
    """

    def __init__(self, options: GatedRecurrentConvolution) -> None:
        super().__init__()
        inputs, outputs, kernel = options.inputs, options.outputs, options.kernel
        margin = kernel // 2
        self.input = nn.Conv2d(inputs, outputs, kernel, padding=margin, bias=False)
        self.state = nn.Conv2d(outputs, outputs, kernel, padding=margin, bias=False)
        self.gate_input = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.gate_state = nn.Conv2d(outputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.iterations = nn.ModuleList(_Norms(outputs) for _ in range(options.iterations))

    def forward(self, u: Tensor) -> Tensor:
        from_input, gate_from_input = self.input(u), self.gate_input(u)
        x: Tensor = self.norm(from_input).relu()
        for norms in self.iterations:
            x = norms(from_input, gate_from_input, self.state(x), self.gate_state(x))
        return x


class _Norms(nn.Module):
    """The batch norms of one iteration, and what is computed with them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.BatchNorm2d(channels)
        self.state = nn.BatchNorm2d(channels)
        self.gate_input = nn.BatchNorm2d(channels)
        self.gate_state = nn.BatchNorm2d(channels)
        self.gated = nn.BatchNorm2d(channels)

    def forward(
        self, from_input: Tensor, gate_from_input: Tensor, from_state: Tensor, gate_from_state: Tensor
    ) -> Tensor:
        gate = torch.sigmoid(self.gate_input(gate_from_input) + self.gate_state(gate_from_state))
        return torch.relu(self.input(from_input) + self.gated(self.state(from_state) * gate))
