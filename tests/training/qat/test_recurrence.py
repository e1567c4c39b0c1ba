"""Our loop over time against PyTorch's layers, with weights that INT8 represents exactly."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crnn_deploy.training.qat import recurrence
from crnn_deploy.training.qat.recurrence import RoundedRecurrence
from crnn_deploy.training.qat.rounding import round_rows


def layer_of(cell: type[nn.RNNBase], inputs: int = 10, hidden: int = 8, **options) -> nn.RNNBase:
    torch.manual_seed(0)
    layer = cell(inputs, hidden, **options)
    for name, parameter in layer.named_parameters():
        if name.startswith("weight"):
            parameter.data = round_rows(parameter.data)
    return layer


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True, "batch_first": True},
        {"bidirectional": True, "num_layers": 3},
        {"num_layers": 2, "batch_first": True, "bias": False},
    ],
    ids=str,
)
def test_without_rounding_it_is_pytorchs_layer(cell, options, monkeypatch):
    layer = layer_of(cell, **options)
    monkeypatch.setattr(recurrence, "round_rows", lambda x: x)
    x = torch.randn(3, 7, 10, requires_grad=True)
    results = []
    for forward in (layer, RoundedRecurrence(layer)):
        layer.zero_grad()
        x.grad = None
        y, state = forward(x)
        (y**2).sum().backward()
        states = state if isinstance(state, tuple) else (state,)
        results.append([y, *states, x.grad, *(parameter.grad for parameter in layer.parameters())])
    for expected, found in zip(*results, strict=True):
        assert torch.allclose(expected, found, atol=1e-5)


def test_samples_are_rounded_apart():
    forward = RoundedRecurrence(layer_of(nn.GRU, bidirectional=True, batch_first=True))
    x = torch.randn(3, 7, 10)
    x[1] *= 50
    together, _ = forward(x)
    alone = torch.cat([forward(x[i : i + 1])[0] for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-6)


def test_rounding_shows_but_little():
    layer = layer_of(nn.GRU, bidirectional=True, batch_first=True)
    x = torch.randn(3, 7, 10)
    difference = (RoundedRecurrence(layer)(x)[0] - layer(x)[0]).abs().max()
    assert 1e-4 < difference < 0.05


def test_many_inputs_for_each_unit_are_not_rounded():
    """The kernels keep 16 bits of them; what is left is the rounding of h."""
    layer = layer_of(nn.GRU, inputs=33, hidden=8)
    x = torch.randn(1, 3, 33)  # a single step, in which h is zero
    assert torch.allclose(RoundedRecurrence(layer)(x)[0], layer(x)[0], atol=1e-6)


def test_autocast_leaves_it_in_fp32():
    layer = layer_of(nn.GRU)
    x = torch.randn(4, 2, 10)
    forward = RoundedRecurrence(layer)
    with torch.autocast("cpu", torch.bfloat16):
        half = forward(x)[0]
    assert torch.equal(half, forward(x)[0])


def test_dropout_between_layers_in_training_only():
    layer = layer_of(nn.GRU, num_layers=2, dropout=0.5)
    forward = RoundedRecurrence(layer)
    x = torch.randn(4, 2, 10)
    layer.eval()
    assert torch.equal(forward(x)[0], forward(x)[0])
    layer.train()
    assert not torch.equal(forward(x)[0], forward(x)[0])
