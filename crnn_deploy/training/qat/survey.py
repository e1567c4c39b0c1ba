"""Which tensors of a network become INT8: found by watching it read a few images.

The rules are those of `quantization/graph` for CPUs. A network's modules alone do not tell where its residual sums and
ReLUs are, which may be plain expressions in a `forward`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from crnn_deploy.training.qat.products import folds

_RELU = ("relu", "relu_")
_KEEPING_INT8 = (*_RELU, "max_pool2d")
_TAKING_INT8 = (*_KEEPING_INT8, "conv2d", "linear")


@dataclass(frozen=True)
class Product:
    """A convolution or linear layer. All names are those of modules."""

    name: str
    norm: str | None
    """The batch norm that is folded into it."""
    int8: bool
    """Whether it runs in INT8; else only its weights are stored so."""
    entrance: str | None
    """The module at whose entrance its input is rounded, for all that read it there; None: its input stays as it is."""
    rectified: bool
    """Whether nothing but a ReLU reads its result."""


def survey(model: nn.Module, images: Tensor) -> list[Product]:
    """The products that `model` uses for `images` `[N, C, H, W]`."""
    modules = dict(model.named_modules())
    record = _watch(model, images)
    products = {
        name: module
        for name, module in modules.items()
        if isinstance(module, nn.Conv2d | nn.Linear) and name in record.calls
    }
    norms = {
        record.calls[name].source: name
        for name, module in modules.items()
        if isinstance(module, nn.BatchNorm2d) and name in record.calls and folds(module)
    }
    norm_of = {
        name: norms[record.calls[name].result]
        for name in products
        if record.calls[name].result in norms and len(record.readings[record.calls[name].result]) == 1
    }
    results = {name: record.calls[norm_of.get(name, name)].result for name in products}
    int8 = [name for name, module in products.items() if _runs_in_int8(module, record.readings[results[name]])]
    held = _held_in_int8(record, (results[name] for name in int8 if isinstance(products[name], nn.Conv2d)))
    return [
        Product(
            name,
            norm_of.get(name),
            name in int8,
            _entrance(record, name) if name in int8 and record.calls[name].source not in held else None,
            _is_rectified(results[name], record.readings[results[name]]),
        )
        for name in products
    ]


@dataclass(frozen=True)
class _Call:
    """Numbers of the tensors that a module, or an operation, took first and gave."""

    what: str
    source: int
    result: int


class _Record(TorchFunctionMode):
    """What was done to each tensor while this was entered. Tensors go by their `id`."""

    def __init__(self) -> None:
        super().__init__()
        self.readings: dict[int, list[_Call]] = defaultdict(list)
        self.calls: dict[str, _Call] = {}
        self._kept: list[object] = []  # so that no two have the same id

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self._kept += [args, result]
        if isinstance(result, Tensor):  # not so where a shape is asked for
            for tensor in args:
                if isinstance(tensor, Tensor):
                    self.readings[id(tensor)].append(_Call(func.__name__, id(tensor), id(result)))
        return result

    def note(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Take in a module's call."""
        self._kept += [args, result]
        if args:
            self.calls[name] = _Call(name, id(args[0]), id(result))


@torch.no_grad()
def _watch(model: nn.Module, images: Tensor) -> _Record:
    record = _Record()

    def watcher(name: str) -> Any:
        return lambda _, args, result: record.note(name, args, result)

    hooks = [module.register_forward_hook(watcher(name)) for name, module in model.named_modules()]
    training = model.training
    try:
        with record:
            model.eval()(images)
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return record


def _runs_in_int8(module: nn.Module, readings: Sequence[_Call]) -> bool:
    """Whether INT8 pays on a CPU: depthwise convolutions gain nothing where a float neighbour follows."""
    depthwise = isinstance(module, nn.Conv2d) and module.groups > 1 and module.weight.shape[1] == 1
    return not depthwise or all(reading.what in _TAKING_INT8 for reading in readings)


def _is_rectified(tensor: int, readings: Sequence[_Call]) -> bool:
    """Whether a ReLU is all that reads a tensor, or changes it in place before all others."""
    first = next(iter(readings), None)
    return first is not None and first.what in _RELU and (len(readings) == 1 or first.result == tensor)


def _held_in_int8(record: _Record, tensors: Iterable[int]) -> set[int]:
    """The tensors that are in INT8 if the given ones are, without being rounded again."""
    held: set[int] = set()
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        if tensor not in held:
            held.add(tensor)
            waiting += [reading.result for reading in record.readings[tensor] if reading.what in _KEEPING_INT8]
    return held


def _entrance(record: _Record, name: str) -> str:
    """The outermost of the modules around a product that take the same tensor: residual branches start there too."""
    source = record.calls[name].source
    around = ["", *(name[:end] for end, letter in enumerate(name) if letter == "."), name]
    return next(outer for outer in around if outer in record.calls and record.calls[outer].source == source)
