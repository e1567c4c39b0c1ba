"""The implementations of a bidirectional GRU layer that are timed: the plugin, cuDNN, and a loop over the steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from gru_library import Kernel
from gru_problem import GATES, Problem, Shape, onnx_order, unwritten
from torch import Tensor, nn
from torch.nn import functional

RECURRENCE, LAYER = "plugin, recurrence alone", "projection + plugin"
CUDNN, CUDNN_EAGER, LOOP = "cuDNN", "cuDNN, no graph", "loop over steps"
DIRECTIONS = 2

Run = Callable[[], Tensor]


@dataclass(frozen=True)
class Layer:
    """A layer `[N, T, C]` → `[N, T, 2H]` and its input. Gates are in PyTorch's order r, z, n.

    Attributes:
        x: `[N, T, C]`, with C = 2H as in the second of two layers.
        input_weight: `[2, 3H, C]`.
        state_weight: `[2, 3H, H]`.
        input_bias, state_bias: `[2, 3H]`.
    """

    shape: Shape
    x: Tensor
    input_weight: Tensor
    state_weight: Tensor
    input_bias: Tensor
    state_bias: Tensor


def random_layer(shape: Shape, device: torch.device) -> Layer:
    """A layer with random weights, distributed as in PyTorch's initialisation."""
    random = torch.Generator().manual_seed(0)
    hidden, channels = shape.hidden, DIRECTIONS * shape.hidden
    bound = 1 / math.sqrt(hidden)

    def uniform(*sizes: int) -> Tensor:
        return torch.empty(sizes).uniform_(-bound, bound, generator=random).to(device, shape.dtype)

    return Layer(
        shape=shape,
        x=torch.randn(shape.batch, shape.steps, channels, generator=random).to(device, shape.dtype),
        input_weight=uniform(DIRECTIONS, GATES * hidden, channels),
        state_weight=uniform(DIRECTIONS, GATES * hidden, hidden),
        input_bias=uniform(DIRECTIONS, GATES * hidden),
        state_bias=uniform(DIRECTIONS, GATES * hidden),
    )


def contestants(layer: Layer, kernel: Kernel) -> dict[str, Run]:
    """The implementations by name. Each returns `[N, T, 2H]`."""
    projection, plugin = plugin_parts(layer, kernel)
    gates = projection()
    cudnn = torch_run(layer, layer.shape.dtype)
    return {
        RECURRENCE: lambda: plugin(gates),
        LAYER: lambda: plugin(projection()),
        CUDNN: cudnn,
        CUDNN_EAGER: cudnn,
        LOOP: loop_run(layer),
    }


def plugin_parts(layer: Layer, kernel: Kernel) -> tuple[Run, Callable[[Tensor], Tensor]]:
    """Two functions: from x to the gates, by one matrix product for all steps; and from the gates to the output."""
    hidden, rows = layer.shape.hidden, DIRECTIONS * GATES * layer.shape.hidden
    weight = torch.cat([onnx_order(each) for each in layer.input_weight])
    merged = layer.input_bias + layer.state_bias
    # The plugin adds the candidate's other bias, because the reset gate multiplies it.
    merged[:, 2 * hidden :] = layer.input_bias[:, 2 * hidden :]
    bias = torch.cat([onnx_order(each) for each in merged])

    def projection() -> Tensor:
        return functional.linear(layer.x, weight, bias)

    problem = Problem(
        shape=layer.shape,
        gates=torch.empty(*layer.x.shape[:2], rows, dtype=layer.x.dtype, device=layer.x.device),
        recurrent=torch.stack([onnx_order(each) for each in layer.state_weight]),
        bias=layer.state_bias[:, 2 * hidden :].contiguous(),
        lengths=None,
        initial=None,
    )
    output = unwritten(problem)

    def plugin(gates: Tensor) -> Tensor:
        kernel(replace(problem, gates=gates), output)
        return output

    return projection, plugin


def torch_run(layer: Layer, dtype: torch.dtype) -> Run:
    """`torch.nn.GRU`, which is cuDNN on a GPU. Weights are in one block and steps come first, so nothing is copied."""
    shape = layer.shape
    channels, device = layer.x.shape[2], layer.x.device
    module = nn.GRU(channels, shape.hidden, bidirectional=True, device=device, dtype=dtype).requires_grad_(False)
    parts = {"weight_ih": layer.input_weight, "weight_hh": layer.state_weight}
    parts |= {"bias_ih": layer.input_bias, "bias_hh": layer.state_bias}
    for name, values in parts.items():
        for value, suffix in zip(values, ("", "_reverse"), strict=True):
            getattr(module, f"{name}_l0{suffix}").data.copy_(value)
    module.flatten_parameters()
    x = layer.x.transpose(0, 1).to(dtype).contiguous()

    def run() -> Tensor:
        output: Tensor = module(x)[0]
        return output.transpose(0, 1)

    return run


def loop_run(layer: Layer) -> Run:
    """A loop of two matrix products and one pointwise kernel for each step, which all compute both directions.

    TensorRT's loop does at least this. In addition, it selects the inputs of each step and controls the loop.
    """
    forward = layer.x.transpose(0, 1)
    inputs = torch.stack((forward, forward.flip(0)), 1).contiguous()  # [T, 2, N, C]
    input_weight, state_weight = (
        each.transpose(1, 2).contiguous() for each in (layer.input_weight, layer.state_weight)
    )
    input_bias, state_bias = layer.input_bias[:, None], layer.state_bias[:, None]
    first = inputs.new_zeros(DIRECTIONS, layer.shape.batch, layer.shape.hidden)

    def run() -> Tensor:
        state, states = first, []
        for x in inputs:
            gates = torch.baddbmm(input_bias, x, input_weight)
            state = cell(gates, torch.baddbmm(state_bias, state, state_weight), state)
            states.append(state)
        output = torch.stack(states)
        return torch.cat((output[:, 0], output[:, 1].flip(0)), 2).transpose(0, 1)

    return run


def cell(gates: Tensor, product: Tensor, state: Tensor) -> Tensor:
    """The pointwise part of a step: on a GPU, one of PyTorch's kernels."""
    if state.is_cuda:
        flat = (each.flatten(0, 1) for each in (gates, product, state))
        new_state: Tensor = torch.ops.aten._thnn_fused_gru_cell(*flat)[0]
        return new_state.view_as(state)
    (r, z, n), (pr, pz, pn) = gates.chunk(GATES, 2), product.chunk(GATES, 2)
    candidate = torch.tanh(n + torch.sigmoid(r + pr) * pn)
    return candidate + torch.sigmoid(z + pz) * (state - candidate)
