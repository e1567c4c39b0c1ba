"""Let convolutions between INT8 layers be `QLinearNhwcConv`, and take in the residual addition behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import CONVOLUTION, CONVOLUTION_ADD, DOMAIN, STANDARD_DOMAINS
from crnn_deploy.onnx_graph.pruning import prune
from crnn_deploy.onnx_graph.qlinear_nhwc_conv import (
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    define_convolution_functions,
)
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.wiring import Wiring, all_constants, feed_from, producers_of

_MOST_SUM = 2**31 - 1


@dataclass(frozen=True)
class _Window:
    """Sizes and attributes of a convolution without groups and dilations."""

    filters: int
    channels: int
    strides: list[int]
    pads: list[int]
    keeps_size: bool
    """Whether the map has as many rows and columns as the one before."""


@dataclass(frozen=True)
class _Place:
    """A convolution of a map in INT8 whose result, after a ReLU at most, is rounded to INT8."""

    window: _Window
    before: onnx.NodeProto
    """The DequantizeLinear of the map."""
    weights: onnx.NodeProto
    """The DequantizeLinear of the weights."""
    bias: str
    after: onnx.NodeProto
    """The QuantizeLinear of the result."""


@dataclass(frozen=True)
class _Addition:
    """An addition to the result of a convolution, rounded to INT8."""

    other: onnx.NodeProto
    """The DequantizeLinear of the map that is added."""
    after: onnx.NodeProto
    """The QuantizeLinear of the sum."""


def put_convolutions_in_own_ops(model: onnx.ModelProto) -> None:
    """Replace, in place, all that a `QLinearNhwcConv` or `QLinearNhwcConvAdd` computes.

    An addition is taken in where the convolutions from the other map to this one keep its size, so that nothing is
    broadcast. (The receipts student with AMX: 124 µs instead of 194.)
    """
    search = _Search(model.graph)
    found = [(place, search.addition_to(place)) for place in search.places.values()]
    for place, addition in found:
        _replace(model.graph, place, addition)
    if found:
        _cancel_transposes(model.graph)
        define_convolution_functions(model)
        prune(model.graph)


class _Search:
    """Recognises convolutions by the nodes around them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._wiring, self._producers, self._constants = Wiring(graph), producers_of(graph), all_constants(graph)
        self.places = {place.after.output[0]: place for node in graph.node if (place := self._find(node))}
        """Result → the convolution that gives it."""

    def addition_to(self, place: _Place) -> _Addition | None:
        """The addition behind a convolution, if nothing else reads its result."""
        add = self._only_reader(self._only_reader(place.after))
        if not add or add.op_type != "Add":
            return None
        encoder = self._encoder(add)
        others = [node for name in add.input if (node := self._producers.get(name)) and not self._gives(node, place)]
        if not encoder or len(others) != 1 or not self._in_bytes(others[0], "DequantizeLinear"):
            return None
        return _Addition(others[0], encoder) if self._reaches(place, others[0].input[0]) else None

    def _find(self, node: onnx.NodeProto) -> _Place | None:
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
        return _Place(window, before, weights, bias, after)

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

    def _gives(self, decoder: onnx.NodeProto, place: _Place) -> bool:
        return bool(decoder.input[0] == place.after.output[0])

    def _reaches(self, place: _Place, name: str) -> bool:
        """Whether convolutions that keep the size lead from the map `name` to a place, with as many channels."""
        filters = place.window.filters
        while place.window.keeps_size:
            source = place.before.input[0]
            if source == name:
                return place.window.channels == filters
            if source not in self.places:
                return False
            place = self.places[source]
        return False


def _window_of(node: onnx.NodeProto, shape: tuple[int, ...]) -> _Window | None:
    attributes = attributes_of(node)
    usual = attributes.get("group", 1) == 1 and attributes.get("auto_pad", b"NOTSET") == b"NOTSET"
    if not usual or any(step != 1 for step in attributes.get("dilations", [])):
        return None
    filters, channels, *kernel = shape
    strides, pads = list(attributes.get("strides", [1, 1])), list(attributes.get("pads", [0, 0, 0, 0]))
    lost = [size - 1 - first - last for size, first, last in zip(kernel, pads[:2], pads[2:], strict=True)]
    return _Window(filters, channels, strides, pads, strides == [1, 1] and lost == [0, 0])


def _replace(graph: onnx.GraphProto, place: _Place, addition: _Addition | None) -> None:
    """Replace the QuantizeLinear behind a convolution, or behind an addition, by the op between Transposes."""
    after = addition.after if addition else place.after
    result = after.output[0]
    maps = [place.before.input[0], *([addition.other.input[0]] if addition else [])]
    names = [INT8_NAMES.name_for(role, result) for role in ("channels_last", "added_last")][: len(maps)]
    nodes = [
        helper.make_node("Transpose", [source], [name], name, perm=TO_CHANNELS_LAST)
        for source, name in zip(maps, names, strict=True)
    ]
    added = [names[1], *addition.other.input[1:], *addition.after.input[1:]] if addition else []
    by_pixel = INT8_NAMES.name_for("by_pixel", result)
    convolution = helper.make_node(
        CONVOLUTION_ADD if addition else CONVOLUTION,
        [names[0], *place.weights.input, place.bias, *place.before.input[1:], *place.after.input[1:], *added],
        [by_pixel],
        by_pixel,
        domain=DOMAIN,
        strides=place.window.strides,
        pads=place.window.pads,
    )
    position = list(graph.node).index(after)
    for node in reversed([*nodes, convolution]):
        graph.node.insert(position, node)
    after.CopyFrom(helper.make_node("Transpose", [by_pixel], [result], after.name, perm=TO_CHANNELS_FIRST))


def _cancel_transposes(graph: onnx.GraphProto) -> None:
    """Let what reads a map with its channels last read the result of an op, where it is that."""
    producers = producers_of(graph)
    for node in graph.node:
        source = producers.get(node.input[0]) if node.op_type == "Transpose" else None
        orders = [attributes_of(each).get("perm") for each in (source, node) if each is not None]
        if source and source.op_type == "Transpose" and orders == [TO_CHANNELS_FIRST, TO_CHANNELS_LAST]:
            feed_from(graph, node.output[0], source.input[0])
