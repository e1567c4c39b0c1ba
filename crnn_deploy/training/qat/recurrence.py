"""GRU and LSTM layers as our INT8 kernels compute them: `native/layer.cc` in PyTorch, with gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from crnn_deploy.training.qat.rounding import round_rows

_MANY_INPUTS = 4  # inputs for each unit; with more, the kernels keep 16 bits of x

State = tuple[Tensor, ...]
"""h and, of an LSTM, c: each `[D, N, H]`."""


class RoundedRecurrence:
    """A recurrent layer with INT8 weights, one scale for each row of a gate's matrix.

    Biases, gates and states are float. x and h are rounded before they are multiplied with the weights, with a scale
    for each sample and time step. This replaces the layer's `forward`, without initial states and packed sequences: all
    samples of a batch run over all frames, including padding, as at inference.
    """

    def __init__(self, layer: nn.GRU | nn.LSTM) -> None:
        self.layer = layer

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor | State]:
        """x `[N, T, C]` or `[T, N, C]` → all outputs and the last states, as `nn.GRU` and `nn.LSTM` return them."""
        layer, states = self.layer, []
        # Autocast would lose precision in each of many steps, and convert R again in each.
        with torch.autocast(x.device.type, enabled=False):
            y = (x.transpose(0, 1) if layer.batch_first else x).float()
            for number in range(layer.num_layers):
                y = F.dropout(y, layer.dropout, layer.training and number > 0)
                y, last = self._run(y, number)
                states.append(last)
        h, *c = (torch.cat(parts) for parts in zip(*states, strict=True))
        return (y.transpose(0, 1) if layer.batch_first else y), ((h, *c) if c else h)

    def _run(self, x: Tensor, number: int) -> tuple[Tensor, State]:
        """One of the layers: `[T, N, C]` → `[T, N, D·H]` and the last state. Both directions are computed together."""
        directions = range(1 + self.layer.bidirectional)
        if x.shape[2] <= _MANY_INPUTS * self.layer.hidden_size:
            x = round_rows(x.flatten(0, 1)).view_as(x)
        w, r = self._weights(f"weight_ih_l{number}"), self._weights(f"weight_hh_l{number}")
        w_bias, r_bias = self._biases(f"bias_ih_l{number}", w), self._biases(f"bias_hh_l{number}", r)
        projected = [F.linear(x, w[d], w_bias[d]) for d in directions]
        outputs, state = self._steps(torch.stack(_aligned(projected), 1), r.mT, r_bias.unsqueeze(1))
        return torch.cat(_aligned(torch.stack(outputs).unbind(1)), 2), state

    def _steps(self, projected: Tensor, r: Tensor, r_bias: Tensor) -> tuple[list[Tensor], State]:
        """h of every step and the last state, from W·x + b `[T, D, N, G·H]` and R `[D, H, G·H]`."""
        advance, parts = (_lstm, 2) if isinstance(self.layer, nn.LSTM) else (_gru, 1)
        zeros = projected.new_zeros(*projected.shape[1:3], r.shape[1])
        state: State = (zeros,) * parts
        outputs = []
        for step in projected.unbind():
            h = round_rows(state[0].flatten(0, 1)).view_as(zeros)
            state = advance(step, torch.baddbmm(r_bias, h, r), state)
            outputs.append(state[0])
        return outputs, state

    def _weights(self, name: str) -> Tensor:
        """Rounded weights of all directions, `[D, G·H, columns]`."""
        return torch.stack([round_rows(weight) for weight in self._parameters(name)])

    def _biases(self, name: str, like: Tensor) -> Tensor:
        """Biases of all directions, `[D, G·H]`."""
        return torch.stack(self._parameters(name)) if self.layer.bias else like.new_zeros(like.shape[:2])

    def _parameters(self, name: str) -> list[Tensor]:
        suffixes = ("", "_reverse") if self.layer.bidirectional else ("",)
        return [self.layer.get_parameter(name + suffix).float() for suffix in suffixes]


def _aligned(directions: Sequence[Tensor]) -> list[Tensor]:
    """Sequences `[T, ...]` of the directions; that of the second direction is reversed in time."""
    return [sequence.flip(0) if d else sequence for d, sequence in enumerate(directions)]


def _gru(x: Tensor, past: Tensor, state: State) -> State:
    """One step of PyTorch's GRU, from W·x + b and R·h + b."""
    (h,) = state
    gates, candidate = torch.split(x, [2 * h.shape[2], h.shape[2]], 2)
    past_gates, past_candidate = torch.split(past, [2 * h.shape[2], h.shape[2]], 2)
    reset, update = torch.sigmoid(gates + past_gates).chunk(2, 2)
    return (torch.lerp(torch.tanh(torch.addcmul(candidate, reset, past_candidate)), h, update),)


def _lstm(x: Tensor, past: Tensor, state: State) -> State:
    """One step of PyTorch's LSTM."""
    into, forget, cell, out = (x + past).chunk(4, 2)
    c = torch.sigmoid(forget) * state[1] + torch.sigmoid(into) * torch.tanh(cell)
    return torch.sigmoid(out) * torch.tanh(c), c
