"""The recurrent layers of students: the plain ones are PyTorch's own, the others are what they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crnn_deploy.models.config import StudentOptions
from crnn_deploy.models.recurrent import RecurrentStack, recurrent_layers


def test_plain_layers_have_the_names_of_older_artifacts() -> None:
    layers = recurrent_layers("gru", 8, StudentOptions(hidden=4, layers=2))
    assert list(layers.state_dict()) == list(nn.GRU(8, 4, 2, bidirectional=True).state_dict())


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_stack_without_extras_computes_what_pytorch_s_does(bidirectional: bool) -> None:
    plain = nn.GRU(8, 4, 2, batch_first=True, bidirectional=bidirectional)
    stack = RecurrentStack("gru", 8, StudentOptions(hidden=4, layers=2, bidirectional=bidirectional))
    for name, tensor in stack.state_dict().items():
        _, index, parameter = name.split(".")
        tensor.copy_(plain.state_dict()[parameter.replace("_l0", f"_l{index}")])
    x = torch.randn(3, 5, 8)
    for expected, found in zip(plain(x), stack(x), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_residual_adds_the_input_of_further_layers_only() -> None:
    stack = RecurrentStack("gru", 8, StudentOptions(hidden=4, layers=2, residual=True))
    for parameter in stack.layers[1].parameters():
        nn.init.zeros_(parameter)  # such a layer gives zeros, so that its input remains
    x = torch.randn(3, 5, 8)
    torch.testing.assert_close(stack(x)[0], stack.layers[0](x)[0])


def test_a_normalised_layer_does_not_see_the_scale_of_its_input() -> None:
    x = torch.randn(3, 5, 8)
    normalised = recurrent_layers("gru", 8, StudentOptions(hidden=4, layer_norm=True))
    plain = recurrent_layers("gru", 8, StudentOptions(hidden=4))
    torch.testing.assert_close(normalised(x)[0], normalised(10 * x + 3)[0], atol=1e-3, rtol=1e-3)
    assert not torch.allclose(plain(x)[0], plain(10 * x + 3)[0], atol=1e-1)


def test_one_direction_reads_from_left_to_right() -> None:
    x = torch.randn(1, 5, 8)
    changed = x.clone()
    changed[:, -1, 0] += 1  # all channels alike would be normalised away
    options = StudentOptions(hidden=4, layers=2, residual=True, layer_norm=True)
    one = recurrent_layers("gru", 8, options.model_copy(update={"bidirectional": False}))
    both = recurrent_layers("gru", 8, options)
    torch.testing.assert_close(one(x)[0][:, :-1], one(changed)[0][:, :-1])
    assert not torch.allclose(both(x)[0][:, :-1], both(changed)[0][:, :-1])


def test_a_normalised_output_has_the_same_scale_in_each_step() -> None:
    y, _ = recurrent_layers("lstm", 8, StudentOptions(hidden=16, output_norm=True))(torch.randn(3, 5, 8))
    torch.testing.assert_close(y.std(-1, correction=0), torch.ones(3, 5), atol=1e-2, rtol=0)


def test_dropout_of_the_input_acts_in_training_only() -> None:
    layers, x = recurrent_layers("gru", 8, StudentOptions(hidden=4, input_dropout=0.5)), torch.randn(3, 5, 8)
    assert not torch.equal(layers(x)[0], layers(x)[0])
    layers.eval()
    assert torch.equal(layers(x)[0], layers(x)[0])


def test_dynamic_gates_see_a_scaled_input() -> None:
    stack = RecurrentStack("gru", 8, StudentOptions(hidden=4, dynamic_gates=True))
    x = torch.randn(3, 5, 8)
    scale = stack.gates[0](x) / x
    assert 0 < scale.min() < 0.99 < 1.01 < scale.max() < 2
    nn.init.zeros_(stack.gates[0].expand.weight)
    nn.init.zeros_(stack.gates[0].expand.bias)  # 2 · sigmoid(0) = 1
    torch.testing.assert_close(stack(x)[0], stack.layers[0](x)[0])


def test_attention_is_added_to_the_output() -> None:
    stack = RecurrentStack("gru", 8, StudentOptions(hidden=4, attention=2))
    x = torch.randn(3, 5, 8)
    torch.testing.assert_close(stack(x)[0], stack.layers[0](x)[0] + stack.attentions[0](x))


def test_xavier_bounds_each_gate_by_its_own_size() -> None:
    layer = recurrent_layers("gru", 10, StudentOptions(hidden=20, xavier=True, bidirectional=False))
    bound = (6 / 30) ** 0.5  # of a gate of 20 × 10; of all three together it would be 0.29
    assert 0.95 * bound < layer.weight_ih_l0.abs().max() <= bound
    assert not layer.bias_hh_l0.any()


@pytest.mark.parametrize("bidirectional", [False, True])
def test_steps_that_are_computed_again_have_the_same_gradients(bidirectional: bool) -> None:
    options = StudentOptions(hidden=4, bidirectional=bidirectional, checkpointing=True)
    stack, x = RecurrentStack("lstm", 3, options), torch.randn(2, 600, 3)
    gradients = []
    for again in (True, False):
        stack.checkpointing = again
        stack.zero_grad()
        stack(x)[0].square().sum().backward()
        gradients.append([p.grad.clone() for p in stack.parameters() if p.grad is not None])
    assert len(gradients[0]) == (8 if bidirectional else 4)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_no_graph_is_kept_of_steps_that_are_computed_again() -> None:
    sizes = []
    for again in (True, False):
        stack = RecurrentStack("gru", 3, StudentOptions(hidden=4, bidirectional=False, checkpointing=True))
        stack.checkpointing = again
        found, left = set(), [stack(torch.randn(1, 600, 3))[0].grad_fn]
        while left:
            node = left.pop()
            if node is not None and node not in found:
                found.add(node)
                left += [function for function, _ in node.next_functions]
        sizes.append(len(found))
    assert sizes[0] < 50 < 600 < sizes[1]
