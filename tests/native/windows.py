"""What ops with windows on maps have in common: the size of their results, and attributes that may be wrong."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import helper


def result_of(
    size: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, ...], pads: tuple[int, ...]
) -> tuple[int, int, int]:
    """Samples, height and width of what windows on a map give, whose own are the first in `size`."""
    height, width = (
        (size[axis + 1] + pads[axis] + pads[axis + 2] - kernel[axis]) // strides[axis] + 1 for axis in range(2)
    )
    return size[0], height, width


def attributes_of(**values: Sequence[int] | None) -> list[onnx.AttributeProto]:
    """Attributes with integers; one that is None is absent."""
    present = {name: value for name, value in values.items() if value is not None}
    kinds = {name: None if value else onnx.AttributeProto.INTS for name, value in present.items()}  # () has no type
    return [helper.make_attribute(name, value, attr_type=kinds[name]) for name, value in present.items()]
