"""What the axes of Keras's tensors are: which of them is the first or second axis of the image, and which its channels.

Keras reshapes freely, for example columns and channels of a map of features into one axis. Here each axis is a list of
factors, the slowest first, so that it is known what a reshaped axis holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from crnn_deploy.errors import InputError

Name = Literal["first", "second", "channels"]
FIRST: Name = "first"
SECOND: Name = "second"
CHANNELS: Name = "channels"


@dataclass(frozen=True)
class Factor:
    """A part of an axis.

    Attributes:
        name: which axis of the image it was.
        size: None: any.
        multiple: the size is a multiple of it, where it is not known.
    """

    name: Name
    size: int | None
    multiple: int = 1


Axis = tuple[Factor, ...]
Axes = tuple[Axis, ...]


def size_of(axis: Axis) -> int | None:
    """The size of an axis; None: any."""
    sizes = [factor.size for factor in axis]
    return prod(size for size in sizes if size is not None) if None not in sizes else None


def single(axis: Axis) -> Factor | None:
    """The only factor of an axis; None if there are several, or none."""
    return axis[0] if len(axis) == 1 else None


def permuted(axes: Axes, order: Sequence[int], layer: str) -> Axes:
    """The axes in another order; they are counted from 1. Raises `InputError` for no permutation."""
    if sorted(order) != list(range(1, len(axes) + 1)):
        raise InputError(f"{layer} permutes {len(axes)} axes by {list(order)}, which is no permutation of them.")
    return tuple(axes[number - 1] for number in order)


def reshaped(axes: Axes, target: Sequence[int], layer: str) -> Axes:
    """The axes that a reshape to the sizes `target` makes, where -1 is what remains.

    Raises:
        InputError: if it does not fit, or cuts an axis of the image into pieces.
    """
    factors = [factor for axis in axes for factor in axis if factor.size != 1]
    before, after = list(target), list[int]()
    if -1 in before:
        at = before.index(-1)
        before, after = before[:at], before[at + 1 :]
    front = [_take(factors, size, 0) for size in before]
    back = [_take(factors, size, -1) for size in reversed(after)][::-1]
    if None in (*front, *back) or (-1 not in target and factors):
        shape = [size_of(axis) or "any" for axis in axes]
        raise InputError(
            f"{layer} reshapes {shape} to {list(target)}, which cuts rows, columns or channels into pieces.",
            "Only reshapes that join whole axes can be imported; where a width may vary, the joined ones need -1.",
        )
    middle: list[Axis] = [tuple(factors)] if -1 in target else []
    return tuple(axis for axis in (*front, *middle, *back) if axis is not None)


def _take(factors: list[Factor], size: int, end: Literal[0, -1]) -> Axis | None:
    """Take factors of together `size` from one end of the list; None if that cannot be."""
    taken: list[Factor] = []
    while size_of(tuple(taken)) != size:
        if not factors or factors[end].size is None or prod(factor.size or 0 for factor in taken) > size:
            return None
        taken.insert(0 if end else len(taken), factors.pop(end))
    return tuple(taken)


@dataclass(frozen=True)
class Window:
    """How a convolution or a pooling moves along one axis, and what is added before and after it."""

    extent: int
    stride: int
    before: int
    after: int


def slide(factor: Factor, extent: int, stride: int, same: bool, layer: str) -> tuple[Window, Factor]:
    """The window along an axis with the padding `same` or `valid`, and the axis that it makes.

    TensorFlow's `same` pads so that size/stride windows fit, with the odd pixel at the end; that depends on the size.

    Raises:
        InputError: if the padding depends on a size that may vary, or no window fits.
    """
    if factor.size is None:
        return _slide_any(factor, extent, stride, same, layer)
    if same:
        outputs = -(-factor.size // stride)
        missing = max(0, (outputs - 1) * stride + extent - factor.size)
    else:
        outputs, missing = (factor.size - extent) // stride + 1, 0
    if outputs < 1:
        raise InputError(f"{layer} has a window of {extent} on an axis of {factor.size}.", "The config is damaged.")
    window = Window(extent, stride, missing // 2, missing - missing // 2)
    return window, replace(factor, size=outputs)


def _slide_any(factor: Factor, extent: int, stride: int, same: bool, layer: str) -> tuple[Window, Factor]:
    whole = factor.multiple % stride == 0
    if not same:
        kept = factor.multiple // stride if whole and extent <= stride else 1
        return Window(extent, stride, 0, 0), replace(factor, multiple=kept)
    if not whole and stride > 1:
        raise InputError(
            f"{layer} has the padding 'same' and the stride {stride}, and the size of its input may vary.",
            "How much Keras pads there depends on the size of each image.",
            "Save the model with a fixed input shape: keras.Input((HEIGHT, WIDTH, CHANNELS)).",
        )
    missing = max(0, extent - stride)
    return Window(extent, stride, missing // 2, missing - missing // 2), replace(
        factor, multiple=factor.multiple // stride
    )
