"""Weights of others: whether a network can hold them, checked before memory is spent on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_EXPANSION, SMALL_EXPANSION

_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)
_FLOATING = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def check_tensors(tensors: Mapping[str, Tensor], name: str) -> None:
    """Raise `InputError` where a tensor of the file `name` has no plain numbers, or claims more than is stored."""
    for key, tensor in tensors.items():
        if form := _strange_form(tensor):
            raise InputError(
                f"The tensor {key} in {name} is {form}.",
                "crnn-deploy reads plain tensors of FP16, BF16, FP32 and FP64, and of whole numbers for counters.",
                "Convert it where you made it, such as by dequantize(), to_dense(), real or float(), and save again.",
            )
    claimed = {key: tensor.numel() * tensor.element_size() for key, tensor in tensors.items()}
    storages = (tensor.untyped_storage() for tensor in tensors.values())
    stored = sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
    if sum(claimed.values()) > MAX_EXPANSION * stored + SMALL_EXPANSION:
        largest = max(claimed, key=lambda key: claimed[key])
        raise InputError(
            f"The tensors in {name} claim {sum(claimed.values()):,} bytes, and {stored:,} are stored.",
            f"The largest is {largest} {list(tensors[largest].shape)}; its numbers are repeated.",
            "Save it with tensor.contiguous().",
        )


def check_fit(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], name: str) -> None:
    """Raise `InputError` unless the tensors of the file `name` fit a network with the state `own`.

    It lists the missing, unexpected and differently shaped weights, those that are no floating-point numbers, and those
    that are NaN or infinite. The network may be on the meta device.
    """
    check_tensors(tensors, name)
    problems = {
        "missing in the file": [key for key in own if key not in tensors],
        "unknown to the network": [key for key in tensors if key not in own],
        "of another shape": [
            f"{key} {list(tensors[key].shape)} for {list(own[key].shape)}"
            for key in own
            if key in tensors and tensors[key].shape != own[key].shape
        ],
    }
    lines = [f"  · {len(keys)} {what}: {_shortened(keys)}" for what, keys in problems.items() if keys]
    if lines:
        raise InputError(
            f"The weights in {name} don't fit the network.",
            "\n".join(lines),
            "Check that the class and its arguments are those that the checkpoint was trained with.",
        )
    whole = [key for key in own if own[key].is_floating_point() and not tensors[key].is_floating_point()]
    if whole:
        raise InputError(
            f"{len(whole)} weights in {name} are whole numbers: {_shortened(whole)}.",
            "They are quantized, and their scales are not known.",
            "Give the floating-point checkpoint; crnn-deploy quantizes itself.",
        )
    check_finite(
        {key: tensors[key].to(own[key].dtype) if own[key].is_floating_point() else tensors[key] for key in own}, name
    )


def check_finite(tensors: Mapping[str, Tensor], name: str) -> None:
    """Raise `InputError` where weights of the file `name` are NaN or infinite."""
    damaged = [key for key, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if damaged:
        raise InputError(
            f"{len(damaged)} weights in {name} are NaN or infinite: {_shortened(damaged)}.",
            "The training diverged, or the file is damaged.",
            "Take an earlier checkpoint.",
        )


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Load every weight of `model` from the tensors of the file `name`. Raises `InputError` as `check_fit` does."""
    check_fit(model.state_dict(), tensors, name)
    model.load_state_dict(dict(tensors))


def _strange_form(tensor: Tensor) -> str:
    """What a tensor is that is no plain array of numbers; empty for a plain one."""
    if tensor.is_nested:
        return "nested"
    if tensor.is_quantized:
        return "quantized"
    if tensor.layout != torch.strided:
        return "sparse"
    if tensor.is_meta:
        return "on the meta device, without numbers"
    if tensor.is_complex():
        return "complex"
    if tensor.dtype not in (*_WHOLE, *_FLOATING):
        return f"of the format {str(tensor.dtype).removeprefix('torch.')}"
    return ""


def _shortened(keys: Sequence[str]) -> str:
    return ", ".join(keys[:4]) + (", …" if len(keys) > 4 else "")
