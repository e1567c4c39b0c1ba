"""Poolings of a user's network in a form that exports: to a free width, or by a size that is taken from a tensor."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

import crnn_deploy
from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.adaptive_rows import AdaptiveRows

_SPATIAL = (-2, -1)
_PARAMETERS = {  # in the order in which PyTorch takes them
    "avg_pool2d": ("input", "kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override"),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices"),
    "adaptive_avg_pool2d": ("input", "output_size"),
    "adaptive_max_pool2d": ("input", "output_size", "return_indices"),
}
_NOT_OVER_WHOLE_AXES = {"padding": 0, "dilation": 1, "divisor_override": None}
"""With another value of these, a window as large as the axis is not its mean or maximum."""
_LIBRARIES = tuple(str(Path(str(package.__file__)).parent) for package in (torch, crnn_deploy))


class ExportablePooling:
    """Poolings in operators whose sizes are constants.

    A size that is taken from a tensor while a network is traced, such as `y.size(2)`, is none. Where it is that of the
    whole axis, the axis gets a mean or a maximum; another one is taken as it is in the trace, and the comparison with
    the exported network finds it out where it depends on the width.

    Args:
        name: of the network, for messages.
        any_width: whether its images may have any width.
    """

    def __init__(self, name: str, any_width: bool) -> None:
        self._name = name
        self._any_width = any_width

    @property
    def functions(self) -> dict[Any, Any]:
        """PyTorch's poolings, and what takes the place of each."""
        return {getattr(functional, name): partial(self._pool, name, getattr(functional, name)) for name in _PARAMETERS}

    def _pool(self, name: str, func: Callable[..., Any], *args: Any, **named: Any) -> Any:
        options = {**dict(zip(_PARAMETERS[name], args, strict=False)), **named}
        x, largest = options.pop("input", None), "max" in name
        if not isinstance(x, Tensor) or x.dim() < len(_SPATIAL) or options.get("return_indices"):
            return func(*args, **named)
        if "output_size" in options:
            return self._adaptive(x, options["output_size"], largest)
        return _pooled(func, x, options, largest)

    def _adaptive(self, x: Tensor, output_size: Any, largest: bool) -> Tensor:
        """Adaptive pooling to `[rows, columns]`, each of which may be None: as many as there are."""
        rows, columns = (
            None if size is None or _is_whole(size, x, axis) else int(size)
            for size, axis in zip(_pair(output_size), _SPATIAL, strict=True)
        )
        if self._any_width and columns not in (None, 1) and _tracing():
            raise self._refusal(
                f"It pools {int(x.shape[-1])} columns to {columns}, which ONNX can do for one width only."
            )
        x = _to_parts(x, rows, largest)
        return x if columns is None else _to_parts(x.transpose(-2, -1), columns, largest).transpose(-2, -1)

    def _refusal(self, reason: str) -> InputError:
        return InputError(
            f"{self._name} cannot be exported to ONNX for any width.",
            f"{reason}\nIt is computed in {_place()}.",
            "Give preprocessing.width in the spec at import, or pool the rows alone: (1, None).",
        )


def _pooled(func: Callable[..., Any], x: Tensor, options: Mapping[str, Any], largest: bool) -> Any:
    """Pooling with a window of a size."""
    kernel = _pair(options["kernel_size"])
    stride = _pair(options.get("stride")) if options.get("stride") not in (None, (), []) else kernel
    usual = all(set(_pair(options.get(name, value))) == {value} for name, value in _NOT_OVER_WHOLE_AXES.items())
    whole = [usual and _is_whole(size, x, axis) for size, axis in zip(kernel, _SPATIAL, strict=True)]
    for axis, covered in zip(_SPATIAL, whole, strict=True):
        x = _over_whole_axis(x, axis, largest) if covered else x
    window, step = (
        tuple(1 if covered else int(size) for size, covered in zip(sizes, whole, strict=True))
        for sizes in (kernel, stride)
    )
    if any(whole) and set(window + step) == {1}:
        return x
    return func(x, **{**options, "kernel_size": window, "stride": step})


def _is_whole(size: Any, x: Tensor, axis: int) -> bool:
    """Whether a size is that of this axis; of a constant in a trace that may be so for the traced width alone."""
    return (isinstance(size, Tensor) or not _tracing()) and int(size) == int(x.shape[axis])


def _tracing() -> bool:
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def _to_parts(x: Tensor, rows: int | None, largest: bool) -> Tensor:
    """Adaptive pooling of the rows alone, to so many; None: as many as there are."""
    if rows is None:
        return x
    pooled: Tensor = _over_whole_axis(x, -2, largest) if rows == 1 else AdaptiveRows(rows, largest)(x)
    return pooled


def _over_whole_axis(x: Tensor, axis: int, largest: bool) -> Tensor:
    return x.amax(axis, keepdim=True) if largest else x.mean(axis, keepdim=True)


def _pair(sizes: Any) -> tuple[Any, Any]:
    """PyTorch takes one size for both axes, a list with one, or two."""
    listed = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
    return listed[0], listed[-1]


def _place() -> str:
    """The innermost line that is neither PyTorch's nor ours."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"
