"""Makes a user's network take images alone and give logits that export, without a change to its code.

What training code often has and a deployed network does not need: further parameters of `forward`, packed sequences,
probabilities or frames in the last axis instead of logits `[N, T, K]`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import rnn

from crnn_deploy.config import Frozen
from crnn_deploy.models.user_pooling import ExportablePooling

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


def take_images_alone(model: nn.Module, form: OutputForm, any_width: bool) -> None:
    """Replace the network's `forward`, in this object alone."""
    model.forward = _Forward(model, form, any_width)


class _Forward:
    """A network's own `forward`, called with images alone."""

    def __init__(self, model: nn.Module, form: OutputForm, any_width: bool) -> None:
        self._forward: Callable[..., Tensor] = model.forward
        self._absent = _required_after_first(self._forward)
        self._form = form
        self._model = model
        self._functions = ExportablePooling(type(model).__name__, any_width).functions
        if not form.packed:
            self._functions |= _UNPACKED

    def __call__(self, images: Tensor) -> Tensor:
        with _replaced(self._model, self._functions), redirect_stdout(sys.stderr):  # stdout is for results
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


def _pack(sequence: Tensor, lengths: Any, batch_first: bool = False, **_: Any) -> Tensor:
    frames = sequence.shape[1 if batch_first else 0]
    tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    if not tracing and any(int(length) != int(frames) for length in lengths):
        raise ValueError("the lengths of packed sequences differ from the number of frames")
    return sequence


def _unpack(sequence: Tensor, batch_first: bool = False, **_: Any) -> tuple[Tensor, Tensor]:
    images, frames = sequence.shape[:2] if batch_first else (sequence.shape[1], sequence.shape[0])
    return sequence, torch.full((int(images),), int(frames))


_UNPACKED: Mapping[Any, Any] = {rnn.pack_padded_sequence: _pack, rnn.pad_packed_sequence: _unpack}
"""Packing and unpacking pass sequences on: all images of a batch are equally wide, so none has frames to skip."""


@contextmanager
def _replaced(model: nn.Module, functions: Mapping[Any, Any]) -> Iterator[None]:
    """PyTorch's functions are exchanged for others, by all names that the network has for them."""
    places = [vars(rnn), vars(functional), *_namespaces(model)]
    named = [(place, name, value) for place in places for name, value in place.items() if inspect.isroutine(value)]
    changed = [each for each in named if each[2] in functions]
    try:
        for place, name, value in changed:
            place[name] = functions[value]
        yield
    finally:
        for place, name, value in changed:
            place[name] = value


def _namespaces(model: nn.Module) -> list[dict[str, Any]]:
    """The global names that the network's own classes see."""
    functions = [getattr(type(module).forward, "__globals__", None) for module in model.modules()]
    own = [names for names in functions if names and not str(names.get("__name__", "")).startswith("torch.")]
    return list({id(names): names for names in own}.values())
