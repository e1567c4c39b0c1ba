"""Recurrent layers, and what may stand around them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from crnn_deploy.models.local_attention import LocalAttention
from crnn_deploy.models.recurrent_options import RecurrentOptions

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
_KEPT_STEPS = 256  # between two states that are kept, where the steps between them are computed again
_REDUCTION = 4  # units of the network that scales the gates' input: its channels divided by this

State = Tensor | tuple[Tensor, ...]
"""h of a GRU, or h and c of an LSTM."""


def recurrent_layers(cell: str, inputs: int, options: RecurrentOptions) -> nn.RNNBase | RecurrentStack:
    """Layers of a cell, `gru` or `lstm`: `[N, T, inputs]` → `[N, T, D]` and the last states, as PyTorch returns them.

    D is `options.outputs`.
    """
    layers: nn.RNNBase | RecurrentStack
    if options.is_plain:
        both = options.bidirectional
        layers = CELLS[cell](inputs, options.hidden, options.layers, batch_first=True, bidirectional=both)
    else:
        layers = RecurrentStack(cell, inputs, options)
    if options.xavier:
        _initialise(layers)
    return layers


class RecurrentStack(nn.Module):
    """Recurrent layers with normalisation, residual connections, local attention or dynamic gates around them.

    Of the input x of a layer: x' = dropout(norm(x)); y = layer(x' · gate(x')) + attention(x'); the output is norm(y),
    or x + norm(y) with `options.residual` behind the first layer (Wu et al., arXiv 1609.08144). Norms are those of Ba
    et al. (arXiv 1607.06450).
    """

    def __init__(self, cell: str, inputs: int, options: RecurrentOptions) -> None:
        super().__init__()
        before, after = [inputs] + [options.outputs] * (options.layers - 1), options.outputs
        self.norms = nn.ModuleList(nn.LayerNorm(width) if options.layer_norm else nn.Identity() for width in before)
        self.layers = nn.ModuleList(
            CELLS[cell](width, options.hidden, batch_first=True, bidirectional=options.bidirectional)
            for width in before
        )
        self.output_norms = nn.ModuleList(nn.LayerNorm(after) if options.output_norm else nn.Identity() for _ in before)
        self.dropout = nn.Dropout(options.input_dropout)
        self.gates = nn.ModuleList(Scale(width) for width in before if options.dynamic_gates)
        self.attentions = nn.ModuleList(
            LocalAttention(width, after, options.attention) for width in before if options.attention
        )
        self.residual = options.residual
        self.checkpointing = options.checkpointing

    def forward(self, x: Tensor) -> tuple[Tensor, State]:
        states = []
        for index in range(len(self.layers)):
            y, state = self._layer(index, self.dropout(self.norms[index](x)))
            x = x + y if self.residual and index > 0 else y
            states.append(state)
        return x, _state(*(torch.cat(of_layers) for of_layers in zip(*map(_tensors, states), strict=True)))

    def _layer(self, index: int, x: Tensor) -> tuple[Tensor, State]:
        y, state = self._recurrence(self.layers[index], self.gates[index](x) if self.gates else x)
        if self.attentions:
            y = y + self.attentions[index](x)
        return self.output_norms[index](y), state

    def _recurrence(self, layer: nn.Module, x: Tensor) -> tuple[Tensor, State]:
        if not (self.checkpointing and self.training):
            whole: tuple[Tensor, State] = layer(x)
            return whole
        if layer.bidirectional:  # the other direction begins at the end
            return _again(layer, x, None)
        outputs: list[Tensor] = []
        state: State | None = None
        for steps in torch.split(x, _KEPT_STEPS, 1):
            y, state = _again(layer, steps, state)
            outputs.append(y)
        assert state is not None
        return torch.cat(outputs, 1), state


class Scale(nn.Module):
    """`[N, T, C]` times 0 to 2 for each number, by a small network of the same step.

    A GRU or LSTM behind it sees gates that the input modulates, as in dynamic (input-dependent) gating; its recurrence
    stays the standard one, unlike that of hypernetworks (Ha et al., arXiv 1609.09106), so runtimes keep their kernels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(channels, max(8, channels // _REDUCTION))
        self.expand = nn.Linear(self.reduce.out_features, channels)

    def forward(self, x: Tensor) -> Tensor:
        scaled: Tensor = x * (2 * self.expand(self.reduce(x).relu()).sigmoid())
        return scaled


def _again(layer: nn.Module, x: Tensor, state: State | None) -> tuple[Tensor, State]:
    """`layer(x, state)`, computed again in the backward pass.

    The reentrant form: the other one keeps the graph of all steps, though not its tensors, which makes up most of the
    memory (50,176 steps of two layers: 1.93 GB instead of 0.25). It sees gradients only of tensors that are arguments
    themselves.
    """

    def flat(x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        y, last = layer(x, _state(*states) if states else None)
        return y, *_tensors(last)

    x = x if x.requires_grad else x.detach().requires_grad_()
    y, *last = checkpoint(flat, x, *(_tensors(state) if state is not None else ()), use_reentrant=True)
    return y, _state(*last)


def _tensors(state: State) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


def _state(*tensors: Tensor) -> State:
    return tensors if len(tensors) > 1 else tensors[0]


def _initialise(module: nn.Module) -> None:
    """Xavier initialisation (Glorot and Bengio, AISTATS 2010) of each gate's matrices, and biases of 0."""
    for layer in module.modules():
        if not isinstance(layer, nn.RNNBase):
            continue
        for name, values in layer.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(values)
            else:
                for gate in torch.split(values.data, layer.hidden_size):
                    nn.init.xavier_uniform_(gate)
