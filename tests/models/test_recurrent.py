"""The recurrent layers of students: the plain ones are PyTorch's own, the others are what they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crnn_deploy.models.config import StudentOptions
from crnn_deploy.models.recurrent import GruStack, gru_layers


def test_plain_layers_have_the_names_of_older_artifacts() -> None:
    layers = gru_layers(8, StudentOptions(hidden=4, layers=2))
    assert list(layers.state_dict()) == list(nn.GRU(8, 4, 2, bidirectional=True).state_dict())


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_stack_without_extras_computes_what_pytorch_s_does(bidirectional: bool) -> None:
    plain = nn.GRU(8, 4, 2, batch_first=True, bidirectional=bidirectional)
    stack = GruStack(8, StudentOptions(hidden=4, layers=2, bidirectional=bidirectional))
    for name, tensor in stack.state_dict().items():
        _, index, parameter = name.split(".")
        tensor.copy_(plain.state_dict()[parameter.replace("_l0", f"_l{index}")])
    x = torch.randn(3, 5, 8)
    for expected, found in zip(plain(x), stack(x), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_residual_adds_the_input_of_further_layers_only() -> None:
    stack = GruStack(8, StudentOptions(hidden=4, layers=2, residual=True))
    for parameter in stack.layers[1].parameters():
        nn.init.zeros_(parameter)  # such a layer gives zeros, so that its input remains
    x = torch.randn(3, 5, 8)
    torch.testing.assert_close(stack(x)[0], stack.layers[0](x)[0])


def test_a_normalised_layer_does_not_see_the_scale_of_its_input() -> None:
    x = torch.randn(3, 5, 8)
    normalised = gru_layers(8, StudentOptions(hidden=4, layer_norm=True))
    plain = gru_layers(8, StudentOptions(hidden=4))
    torch.testing.assert_close(normalised(x)[0], normalised(10 * x + 3)[0], atol=1e-3, rtol=1e-3)
    assert not torch.allclose(plain(x)[0], plain(10 * x + 3)[0], atol=1e-1)


def test_one_direction_reads_from_left_to_right() -> None:
    x = torch.randn(1, 5, 8)
    changed = x.clone()
    changed[:, -1] += 1
    options = StudentOptions(hidden=4, layers=2, residual=True, layer_norm=True)
    one = gru_layers(8, options.model_copy(update={"bidirectional": False}))
    both = gru_layers(8, options)
    torch.testing.assert_close(one(x)[0][:, :-1], one(changed)[0][:, :-1])
    assert not torch.allclose(both(x)[0][:, :-1], both(changed)[0][:, :-1])
