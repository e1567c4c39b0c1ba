"""Summary of the layers of a state dict, from the names and shapes of its tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from crnn_deploy.checkpoints.pytorch.tensor_summary import TensorSummary

_RECURRENT = re.compile(r"weight_hh(_l\d+)?$")  # without the reverse direction
_GATES = {1: "RNN", 3: "GRU", 4: "LSTM"}
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


def summarise(tensors: Mapping[str, Tensor]) -> TensorSummary:
    """Count and name the layers of `tensors`."""
    weights = {name: tensor for name, tensor in tensors.items() if not name.endswith(_BUFFERS)}
    recurrent = [name for name, tensor in weights.items() if _RECURRENT.search(name) and tensor.ndim == 2]
    return TensorSummary(
        tensors=len(tensors),
        parameters=sum(tensor.numel() for tensor in weights.values()),
        precision="+".join(sorted({precision_name(tensor.dtype) for tensor in weights.values()})),
        convolutions=tuple(_convolution(name, tensor) for name, tensor in weights.items() if tensor.ndim == 4),
        recurrent=tuple(_recurrent(name, weights[name], tensors) for name in recurrent),
        linear=tuple(
            f"{_layer(name)} {tensor.shape[1]}→{tensor.shape[0]}"
            for name, tensor in weights.items()
            if tensor.ndim == 2 and name.endswith("weight")
        ),
    )


def precision_name(dtype: torch.dtype) -> str:
    """`fp32`, `fp16`, `bf16`, `int8` …"""
    name = str(dtype).removeprefix("torch.")
    return name.replace("bfloat", "bf").replace("float", "fp")


def _layer(name: str) -> str:
    return name.rpartition(".")[0] or name


def _convolution(name: str, tensor: Tensor) -> str:
    outputs, inputs, height, width = tensor.shape
    return f"{_layer(name)} {inputs}→{outputs} {height}×{width}"


def _recurrent(name: str, weight: Tensor, tensors: Mapping[str, Tensor]) -> str:
    rows, hidden = weight.shape
    kind = _GATES.get(rows // max(1, hidden), "recurrent")
    inputs = tensors.get(name.replace("weight_hh", "weight_ih"), weight).shape[-1]
    both = ", both directions" if f"{name}_reverse" in tensors else ""
    return f"{_layer(name)} {kind} {inputs}→{hidden}{both}"
