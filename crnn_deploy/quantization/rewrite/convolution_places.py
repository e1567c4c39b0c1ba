"""Find what `QLinearNhwcConv`, `QLinearNhwcConvAdd` and `NhwcMaxPool` compute, among the Q/DQ nodes of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import STANDARD_DOMAINS
from crnn_deploy.onnx_graph.wiring import Wiring, all_constants, producers_of

Resized = tuple[int, int, int, int]
"""What a window makes of the size of a map: rows and columns of the window without the padding, and strides."""

_SAME_SIZE: Resized = (1, 1, 1, 1)
_MOST_SUM = 2**31 - 1


@dataclass(frozen=True)
class Window:
    """Sizes and attributes of a convolution without groups and dilations."""

    filters: int
    channels: int
    strides: list[int]
    pads: list[int]
    resized: Resized


@dataclass(frozen=True)
class Place:
    """A convolution of a map in INT8 whose result, after a ReLU at most, is rounded to INT8."""

    window: Window
    before: onnx.NodeProto
    """The DequantizeLinear of the map."""
    weights: onnx.NodeProto
    """The DequantizeLinear of the weights."""
    bias: str
    after: onnx.NodeProto
    """The QuantizeLinear of the result."""


@dataclass(frozen=True)
class Addition:
    """An addition to the result of a convolution, rounded to INT8."""

    other: onnx.NodeProto
    """The DequantizeLinear of the map that is added."""
    after: onnx.NodeProto
    """The QuantizeLinear of the sum."""


@dataclass(frozen=True)
class Pool:
    """A maximum pooling of a map in INT8, whose result has the same scale."""

    size: list[int]
    strides: list[int]
    pads: list[int]
    resized: Resized
    before: onnx.NodeProto
    """The DequantizeLinear of the map."""
    after: onnx.NodeProto
    """The QuantizeLinear of the result."""


class PlaceSearch:
    """Recognises convolutions and poolings by the nodes around them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._wiring, self._producers, self._constants = Wiring(graph), producers_of(graph), all_constants(graph)
        self.places = {place.after.output[0]: place for node in graph.node if (place := self._find(node))}
        """Result → the convolution that gives it."""
        self.pools = [pool for node in graph.node if (pool := self._find_pool(node))]
        self._steps = {
            **{name: (place.before.input[0], place.window.resized) for name, place in self.places.items()},
            **{pool.after.output[0]: (pool.before.input[0], pool.resized) for pool in self.pools},
        }
        self._channels = {place.before.input[0]: place.window.channels for place in self.places.values()}
        self._channels |= {name: place.window.filters for name, place in self.places.items()}

    def addition_to(self, place: Place) -> Addition | None:
        """The addition behind a convolution, if nothing else reads its result."""
        add = self._only_reader(self._only_reader(place.after))
        if not add or add.op_type != "Add":
            return None
        encoder = self._encoder(add)
        others = [node for name in add.input if (node := self._producers.get(name)) and not self._gives(node, place)]
        if not encoder or len(others) != 1 or not self._in_bytes(others[0], "DequantizeLinear"):
            return None
        return Addition(others[0], encoder) if self._same_shape(place.after.output[0], others[0].input[0]) else None

    def _find_pool(self, node: onnx.NodeProto) -> Pool | None:
        if node.op_type != "MaxPool" or len(node.output) != 1:
            return None
        before, after = self._producers.get(node.input[0]), self._only_reader(node)
        if not before or not after or not self._in_bytes(before, "DequantizeLinear"):
            return None
        attributes = attributes_of(node)
        size, steps = list(attributes["kernel_shape"]), _strides_and_pads(attributes)
        if len(size) != 2 or attributes.get("ceil_mode") or steps is None:
            return None
        same = self._in_bytes(after, "QuantizeLinear") and all(
            self._constants[one] == self._constants[other]
            for one, other in zip(before.input[1:], after.input[1:], strict=True)
        )
        return Pool(size, *steps, _resized(size, *steps), before, after) if same else None

    def _find(self, node: onnx.NodeProto) -> Place | None:
        if node.op_type != "Conv" or len(node.input) < 2:
            return None
        before, weights = (self._producers.get(name) for name in node.input[:2])
        after = self._encoder(node)
        if not before or not weights or not after or not self._in_bytes(before, "DequantizeLinear"):
            return None
        values = self._weights(weights)
        window = _window_of(node, values.shape) if values is not None else None
        bias = self._bias(node, weights) if len(node.input) > 2 and node.input[2] else ""
        if values is None or not window or bias is None or not self._sums_fit(values, bias):
            return None
        return Place(window, before, weights, bias, after)

    def _encoder(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """The QuantizeLinear behind a node and its ReLU, which bytes without negative numbers do not need."""
        after = self._only_reader(node)
        relu = after is not None and after.op_type == "Relu"
        if relu:
            after = self._only_reader(after)
        if not after or not self._in_bytes(after, "QuantizeLinear"):
            return None
        return None if relu and self._constants[after.input[2]] != 0 else after

    def _weights(self, decoder: onnx.NodeProto) -> NDArray[Any] | None:
        """The integers that a node decodes, if it has a scale for each filter and no zero points."""
        if decoder.op_type != "DequantizeLinear" or len(decoder.input) != 2 or attributes_of(decoder).get("axis") != 0:
            return None
        integers, scales = (self._constants.get(name) for name in decoder.input)
        if integers is None or scales is None or integers.dtype != np.int8 or integers.ndim != 4:
            return None
        return integers if scales.shape == integers.shape[:1] and integers.min() > -128 else None

    def _bias(self, node: onnx.NodeProto, weights: onnx.NodeProto) -> str | None:
        """The integers of a bias, if their scales are those of the map times those of the weights."""
        decoder, source = self._producers.get(node.input[2]), self._producers.get(node.input[0])
        product = self._producers.get(decoder.input[1]) if decoder and len(decoder.input) == 2 else None
        if not decoder or not product or not source or decoder.op_type != "DequantizeLinear":
            return None
        usual = product.op_type == "Mul" and sorted(product.input) == sorted([source.input[1], weights.input[1]])
        integers = self._constants.get(decoder.input[0])
        return str(decoder.input[0]) if usual and integers is not None and integers.dtype == np.int32 else None

    def _sums_fit(self, weights: NDArray[Any], bias: str) -> bool:
        """Whether no sum of products can be larger than 32 bits."""
        sums = 255 * np.abs(weights.astype(np.int64)).sum((1, 2, 3))
        return bool((sums + (np.abs(self._constants[bias].astype(np.int64)) if bias else 0)).max() <= _MOST_SUM)

    def _in_bytes(self, node: onnx.NodeProto, kind: str) -> bool:
        """Whether a node is such a standard Q or DQ with one constant scale, and one constant zero point of uint8."""
        values = [value for name in node.input[1:] if (value := self._constants.get(name)) is not None]
        usual = node.op_type == kind and node.domain in STANDARD_DOMAINS
        return usual and [value.ndim for value in values] == [0, 0] and values[1].dtype == np.uint8

    def _only_reader(self, node: onnx.NodeProto | None) -> onnx.NodeProto | None:
        """The node that reads another one's result, if there is only one."""
        if node is None or node.output[0] in self._wiring.outputs:
            return None
        readers = self._wiring.consumers(node.output[0])
        return readers[0] if len(readers) == 1 else None

    def _gives(self, decoder: onnx.NodeProto, place: Place) -> bool:
        return bool(decoder.input[0] == place.after.output[0])

    def _same_shape(self, one: str, other: str) -> bool:
        """Whether two maps come from the same one by convolutions that change its size alike, with as many channels."""
        first, second = self._origins(one), self._origins(other)
        alike = any(second.get(name) == resized for name, resized in first.items())
        return alike and self._channels.get(one, 0) == self._channels.get(other, -1)

    def _origins(self, name: str) -> dict[str, tuple[Resized, ...]]:
        """The maps from which one is computed → what the convolutions and poolings on the way make of the size."""
        found: dict[str, tuple[Resized, ...]] = {name: ()}
        while name in self._steps:
            source, resized = self._steps[name]
            found[source] = (*([] if resized == _SAME_SIZE else [resized]), *found[name])
            name = source
        return found


def _window_of(node: onnx.NodeProto, shape: tuple[int, ...]) -> Window | None:
    attributes = attributes_of(node)
    steps = _strides_and_pads(attributes)
    if attributes.get("group", 1) != 1 or steps is None:
        return None
    filters, channels, *kernel = shape
    return Window(filters, channels, *steps, _resized(kernel, *steps))


def _strides_and_pads(attributes: Mapping[str, Any]) -> tuple[list[int], list[int]] | None:
    """Those of a window over rows and columns; None where it is dilated, or its padding is not given in numbers."""
    if attributes.get("auto_pad", b"NOTSET") != b"NOTSET" or any(step != 1 for step in attributes.get("dilations", [])):
        return None
    return list(attributes.get("strides", [1, 1])), list(attributes.get("pads", [0, 0, 0, 0]))


def _resized(kernel: Sequence[int], strides: Sequence[int], pads: Sequence[int]) -> Resized:
    lost = [size - first - last for size, first, last in zip(kernel, pads[:2], pads[2:], strict=True)]
    return lost[0], lost[1], strides[0], strides[1]
