"""Determines which tensors of a network become INT8, by recording what it does with a few images.

The rules are those of `quantization/rewrite` for CPUs. The list of modules is not enough, because residual sums and
ReLUs may be plain expressions in a `forward`.
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
    """A convolution or linear layer. All names are names of modules."""

    name: str
    norm: str | None
    """The batch norm that is folded into it."""
    int8: bool
    """Whether it runs in INT8; otherwise only its weights are stored in INT8."""
    entrance: str | None
    """The module at whose input its input is rounded, for all readers of that tensor; None: it is not rounded again."""
    rectified: bool
    """Whether a ReLU is the only reader of its result."""


def survey(model: nn.Module, images: Tensor, *others: Tensor) -> list[Product]:
    """The products that `model` uses for `images` `[N, C, H, W]` and what it takes besides."""
    modules = dict(model.named_modules())
    record = _watch(model, images, *others)
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
    """Ids of the first input and of the result of a module or an operation."""

    what: str
    source: int
    result: int


class _Record(TorchFunctionMode):
    """Records what is done to each tensor inside its `with` block. Tensors are known by their `id`."""

    def __init__(self) -> None:
        super().__init__()
        self.readings: dict[int, list[_Call]] = defaultdict(list)
        self.calls: dict[str, _Call] = {}
        self._kept: list[object] = []  # keeps the tensors alive, so that no two have the same id

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self._kept += [args, result]
        if isinstance(result, Tensor):  # the result of asking for a shape is none
            for tensor in args:
                if isinstance(tensor, Tensor):
                    self.readings[id(tensor)].append(_Call(func.__name__, id(tensor), id(result)))
        return result

    def note(self, name: str, args: tuple[object, ...], result: object) -> None:
        """Record the call of a module."""
        self._kept += [args, result]
        if args:
            self.calls[name] = _Call(name, id(args[0]), id(result))


@torch.no_grad()
def _watch(model: nn.Module, *inputs: Tensor) -> _Record:
    record = _Record()

    def watcher(name: str) -> Any:
        return lambda _, args, result: record.note(name, args, result)

    hooks = [module.register_forward_hook(watcher(name)) for name, module in model.named_modules()]
    training = model.training
    try:
        with record:
            model.eval()(*inputs)
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    return record


def _runs_in_int8(module: nn.Module, readings: Sequence[_Call]) -> bool:
    """Whether INT8 is faster on a CPU: depthwise convolutions gain nothing if a float operation follows."""
    depthwise = isinstance(module, nn.Conv2d) and module.groups > 1 and module.weight.shape[1] == 1
    return not depthwise or all(reading.what in _TAKING_INT8 for reading in readings)


def _is_rectified(tensor: int, readings: Sequence[_Call]) -> bool:
    """Whether a ReLU is the only reader of a tensor, or changes it in place before all other readers."""
    first = next(iter(readings), None)
    return first is not None and first.what in _RELU and (len(readings) == 1 or first.result == tensor)


def _held_in_int8(record: _Record, tensors: Iterable[int]) -> set[int]:
    """`tensors`, and those that are in INT8 without rounding because `tensors` are."""
    held: set[int] = set()
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        if tensor not in held:
            held.add(tensor)
            waiting += [reading.result for reading in record.readings[tensor] if reading.what in _KEEPING_INT8]
    return held


def _entrance(record: _Record, name: str) -> str:
    """The outermost of the modules around a product that have the same input: residual branches start there too."""
    source = record.calls[name].source
    around = ["", *(name[:end] for end, letter in enumerate(name) if letter == "."), name]
    return next(outer for outer in around if outer in record.calls and record.calls[outer].source == source)
