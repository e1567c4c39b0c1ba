"""Makes a user's network take images alone and give logits that export, without a change to its code.

What training code often has and a deployed network does not need: further parameters of `forward`, packed sequences,
adaptive pooling to a free width, probabilities or frames in the last axis instead of logits `[N, T, K]`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import rnn

from crnn_deploy.config import Frozen
from crnn_deploy.models.layers.adaptive_rows import AdaptiveRows

_SMALLEST = 1e-30  # probability whose logarithm is finite


class OutputForm(Frozen):
    """What a network gives in place of logits, as it was found at import.

    Attributes:
        frames_last: `[N, K, T]`.
        probabilities: numbers from 0 to 1 whose sum over the classes is 1.
        packed: its sequences are packed in a way that cannot be left out.
    """

    frames_last: bool = False
    probabilities: bool = False
    packed: bool = False


def take_images_alone(model: nn.Module, form: OutputForm) -> None:
    """Replace the network's adaptive poolings and its `forward`, in this object alone."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if (pooling := _exportable(child)) is not None:
                setattr(parent, name, pooling)
    model.forward = _Forward(model, form)


class _Forward:
    """A network's own `forward`, called with images alone."""

    def __init__(self, model: nn.Module, form: OutputForm) -> None:
        self._forward: Callable[..., Tensor] = model.forward
        self._absent = _required_after_first(self._forward)
        self._form = form
        self._model = model

    def __call__(self, images: Tensor) -> Tensor:
        packing = nullcontext() if self._form.packed else _nothing_packed(self._model)
        with packing, redirect_stdout(sys.stderr):  # stdout is for results
            outputs = self._forward(images, **self._absent)
        if self._form.frames_last:
            outputs = outputs.transpose(1, 2)
        return outputs.clamp_min(_SMALLEST).log() if self._form.probabilities else outputs


def _required_after_first(forward: Callable[..., Tensor]) -> dict[str, None]:
    """None for each parameter besides the images that must be given, such as `text` of networks with attention too."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = list(inspect.signature(forward).parameters.values())
    required = [each for each in parameters[1:] if each.default is inspect.Parameter.empty and each.kind in kinds]
    return {each.name: None for each in required}


class _WholeAxisPooling(nn.Module):
    """Adaptive mean or maximum over whole axes."""

    def __init__(self, size: tuple[int | None, int | None], largest: bool) -> None:
        super().__init__()
        self._size = size
        self._largest = largest

    def forward(self, x: Tensor) -> Tensor:
        for axis, size in zip((-2, -1), self._size, strict=True):
            if size == 1:
                x = x.amax(axis, keepdim=True) if self._largest else x.mean(axis, keepdim=True)
        return x


def _exportable(module: nn.Module) -> nn.Module | None:
    """A module that computes the same as an adaptive pooling, and exports; None where none is needed or known."""
    largest = type(module) is nn.AdaptiveMaxPool2d
    if type(module) not in (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d) or getattr(module, "return_indices", False):
        return None
    size: Any = module.output_size
    rows, columns = size if isinstance(size, tuple) else (size, size)
    if {rows, columns} <= {None, 1}:
        return _WholeAxisPooling((rows, columns), largest)
    if columns is None and rows is not None:
        return AdaptiveRows(rows, largest)
    return None


def _pack(sequence: Tensor, lengths: Any, batch_first: bool = False, **_: Any) -> Tensor:
    frames = sequence.shape[1 if batch_first else 0]
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    if not tracing and any(int(length) != int(frames) for length in lengths):
        raise ValueError("the lengths of packed sequences differ from the number of frames")
    return sequence


def _unpack(sequence: Tensor, batch_first: bool = False, **_: Any) -> tuple[Tensor, Tensor]:
    images, frames = sequence.shape[:2] if batch_first else (sequence.shape[1], sequence.shape[0])
    return sequence, torch.full((int(images),), int(frames))


_REPLACED: Mapping[Any, Any] = {rnn.pack_padded_sequence: _pack, rnn.pad_packed_sequence: _unpack}


@contextmanager
def _nothing_packed(model: nn.Module) -> Iterator[None]:
    """Packing and unpacking pass sequences on: all images of a batch are equally wide, so none has frames to skip."""
    places = [vars(rnn), *_namespaces(model)]
    changed = [(place, name, value) for place in places for name, value in place.items() if _is_replaced(value)]
    try:
        for place, name, value in changed:
            place[name] = _REPLACED[value]
        yield
    finally:
        for place, name, value in changed:
            place[name] = value


def _namespaces(model: nn.Module) -> list[dict[str, Any]]:
    """The global names that the network's own classes see."""
    functions = [getattr(type(module).forward, "__globals__", None) for module in model.modules()]
    own = [names for names in functions if names and not str(names.get("__name__", "")).startswith("torch.")]
    return list({id(names): names for names in own}.values())


def _is_replaced(value: object) -> bool:
    return inspect.isfunction(value) and value in _REPLACED
