"""Parameters and multiply-accumulates of a PyTorch network."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from crnn_deploy.checkpoints.pytorch.summary import precision_name
from crnn_deploy.errors import InputError
from crnn_deploy.inspection.facts import Facts
from crnn_deploy.models.layers.stepwise import StepwiseRecurrence

Count = Callable[[Any, Tensor, Any], int]


def torch_facts(model: nn.Module, shape: tuple[int, ...], *others: tuple[int, ...]) -> Facts:
    """Facts about a PyTorch network at one input shape; `others` are those of its further inputs."""
    return Facts(
        parameters=torch_parameters(model),
        macs=torch_macs(model, shape, *others),
        macs_input=shape,
        precision=torch_precision(model),
    )


def torch_parameters(model: nn.Module) -> int:
    """Learned numbers, without the running statistics of batch norms."""
    return sum(parameter.numel() for parameter in model.parameters())


def torch_precision(model: nn.Module) -> str:
    """Number formats of the weights, such as `fp32`."""
    return "+".join(sorted({precision_name(parameter.dtype) for parameter in model.parameters()}))


@torch.inference_mode()
def torch_macs(model: nn.Module, input_shape: tuple[int, ...], *others: tuple[int, ...]) -> int:
    """Multiply-accumulates of convolutions, linear and recurrent layers for one input, counted while it runs.

    The network may be on the meta device. Raises `InputError` if it fails.
    """
    counts: list[int] = []
    hooks = [
        module.register_forward_hook(_counting(count, counts))
        for module in model.modules()
        for kind, count in _COUNTS
        if isinstance(module, kind)
    ]
    device = next(model.parameters(), torch.empty(0)).device
    try:
        model(*(torch.zeros(shape, device=device) for shape in (input_shape, *others)))
    except Exception as error:  # any exception is possible: the network may be the user's
        raise InputError(
            f"The network fails on an image batch {list(input_shape)}.",
            f"{type(error).__name__}: {error}",
            "Check channels and height in the spec's preprocessing.",
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return sum(counts)


def _counting(count: Count, counts: list[int]) -> Callable[[nn.Module, Any, Any], None]:
    return lambda module, inputs, output: counts.append(count(module, inputs[0], output))


def _convolution(module: _ConvNd, _: Tensor, output: Tensor) -> int:
    return output.numel() * prod(module.weight.shape[1:])


def _linear(module: nn.Linear, _: Tensor, output: Tensor) -> int:
    return output.numel() * module.in_features


def _recurrent(module: nn.RNNBase | StepwiseRecurrence, inputs: Tensor, _: Any) -> int:
    """Each weight matrix takes part once in every time step."""
    steps = inputs.shape[0] * inputs.shape[1]
    return steps * sum(weight.numel() for name, weight in module.named_parameters() if name.startswith("weight"))


_COUNTS: tuple[tuple[type[nn.Module], Count], ...] = (
    (_ConvNd, _convolution),
    (nn.Linear, _linear),
    (nn.RNNBase, _recurrent),
    (StepwiseRecurrence, _recurrent),
)
