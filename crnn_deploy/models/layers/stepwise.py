"""LSTMs and GRUs that PyTorch does not have: other activations, or a GRU whose reset gate acts before the product.

PyTorch computes their frames one after the other. In ONNX each is one node, `LSTM` or `GRU`, as any other.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from crnn_deploy.models.layers.options import Recurrent

_GATES = {"lstm": 4, "gru": 3}
# The gates of PyTorch in the order of ONNX: i, f, g, o → i, o, f, c and r, z, n → z, r, h.
_ONNX_ORDER = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
_ONNX_NAMES = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}
_HARD_SLOPES = {"hard-sigmoid": 1 / 6, "hard-sigmoid-5": 1 / 5}


class StepwiseRecurrence(nn.Module):
    """One layer `[N, T, C]` → all outputs `[N, T, D]` and the last states, as `nn.LSTM` and `nn.GRU` return them.

    The parameters have the names and shapes of those classes, too.
    """

    def __init__(self, options: Recurrent) -> None:
        super().__init__()
        self.options = options
        self.hidden_size = options.hidden
        self.bidirectional = options.direction == "both"
        rows = _GATES[options.kind] * options.hidden
        for suffix in self._suffixes:
            for name, shape in (
                ("weight_ih", (rows, options.inputs)),
                ("weight_hh", (rows, options.hidden)),
                ("bias_ih", (rows,)),
                ("bias_hh", (rows,)),
            ):
                weight = nn.Parameter(torch.empty(shape))
                nn.init.uniform_(weight, -(options.hidden**-0.5), options.hidden**-0.5)
                self.register_parameter(f"{name}_l0{suffix}", weight)

    @property
    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if torch.onnx.is_in_onnx_export():
            return self._as_node(x)
        outputs, states = [], []
        for suffix in self._suffixes:
            y = self._direction(x.flip(1) if suffix else x, self._weights(suffix))
            states.append(y[:, -1])
            outputs.append(y.flip(1) if suffix else y)
        return torch.cat(outputs, -1), torch.stack(states)

    def _weights(self, suffix: str) -> tuple[Tensor, ...]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return tuple(self.get_parameter(f"{name}_l0{suffix}") for name in names)

    def _direction(self, x: Tensor, weights: tuple[Tensor, ...]) -> Tensor:
        weight_ih, weight_hh, bias_ih, bias_hh = weights
        projected = nn.functional.linear(x, weight_ih, bias_ih)
        h = x.new_zeros(x.shape[0], self.hidden_size)
        state, outputs = (h, h), []
        for frame in projected.unbind(1):
            state = (self._lstm if self.options.kind == "lstm" else self._gru)(frame, state, weight_hh, bias_hh)
            outputs.append(state[0])
        return torch.stack(outputs, 1)

    def _lstm(self, x: Tensor, state: tuple[Tensor, Tensor], weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        h, c = state
        i, f, g, o = (x + nn.functional.linear(h, weight, bias)).chunk(4, -1)
        c = self._gate(f) * c + self._gate(i) * self._activation(g)
        return self._gate(o) * self._activation(c), c

    def _gru(self, x: Tensor, state: tuple[Tensor, Tensor], weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        h, split = state[0], 2 * self.hidden_size
        r, z = self._gate(x[:, :split] + nn.functional.linear(h, weight[:split], bias[:split])).chunk(2, -1)
        if self.options.reset == "before":
            candidate = nn.functional.linear(r * h, weight[split:], bias[split:])
        else:
            candidate = r * nn.functional.linear(h, weight[split:], bias[split:])
        h = z * h + (1 - z) * self._activation(x[:, split:] + candidate)
        return h, h

    def _activation(self, x: Tensor) -> Tensor:
        result: Tensor = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}[self.options.activation](x)
        return result

    def _gate(self, x: Tensor) -> Tensor:
        slope = _HARD_SLOPES.get(self.options.gates)
        return torch.sigmoid(x) if slope is None else (x * slope + 0.5).clamp(0, 1)

    def _as_node(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The layer as one ONNX node. It takes `[T, N, C]` and gives `[T, directions, N, hidden]`."""
        w, r, b = (torch.stack(tensors) for tensors in zip(*map(self._onnx_weights, self._suffixes), strict=True))
        y, states = _Node.apply(x.transpose(0, 1), w, r, b, self.options)  # type: ignore[no-untyped-call]
        return y.permute(2, 0, 1, 3).flatten(2), states

    def _onnx_weights(self, suffix: str) -> tuple[Tensor, Tensor, Tensor]:
        weight_ih, weight_hh, bias_ih, bias_hh = map(self._reordered, self._weights(suffix))
        return weight_ih, weight_hh, torch.cat([bias_ih, bias_hh])

    def _reordered(self, weight: Tensor) -> Tensor:
        size = self.hidden_size
        return torch.cat([weight[gate * size : (gate + 1) * size] for gate in _ONNX_ORDER[self.options.kind]])


class _Node(torch.autograd.Function):
    """A recurrent node, for the exporter alone."""

    @staticmethod
    def symbolic(g: Any, x: Any, w: Any, r: Any, b: Any, options: Recurrent) -> Any:
        """The node in the graph `g`."""
        directions = 2 if options.direction == "both" else 1
        attributes: dict[str, Any] = {
            "hidden_size_i": options.hidden,
            "direction_s": "bidirectional" if directions == 2 else "forward",
            **_onnx_activations(options, directions),
        }
        if options.kind == "gru":
            attributes["linear_before_reset_i"] = int(options.reset == "after")
        outputs = 3 if options.kind == "lstm" else 2
        results = g.op(options.kind.upper(), x, w, r, b, outputs=outputs, **attributes)
        return results[0], results[1]

    @staticmethod
    def forward(_ctx: Any, x: Tensor, w: Tensor, _r: Tensor, _b: Tensor, options: Recurrent) -> tuple[Tensor, Tensor]:
        """Results of the right shapes; the exporter looks at nothing else."""
        frames, batch, _ = x.shape
        directions = w.shape[0]
        return x.new_zeros(frames, directions, batch, options.hidden), x.new_zeros(directions, batch, options.hidden)


def _onnx_activations(options: Recurrent, directions: int) -> dict[str, Any]:
    """The attributes of the functions: f of the gates, g of the candidates and, of an LSTM, h of the cell."""
    inner = [_ONNX_NAMES[options.activation]] * (2 if options.kind == "lstm" else 1)
    slope = _HARD_SLOPES.get(options.gates)
    if slope is None:
        return {"activations_s": ["Sigmoid", *inner] * directions}
    # Each list belongs to those functions that have such a number, and here only the gates do.
    numbers = {"activation_alpha_f": [slope] * directions, "activation_beta_f": [0.5] * directions}
    return {"activations_s": ["HardSigmoid", *inner] * directions, **numbers}
