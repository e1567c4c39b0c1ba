"""Let convolutions between INT8 layers be `QLinearNhwcConv`, and take in the residual addition behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import helper

from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import CONVOLUTION, CONVOLUTION_ADD, DOMAIN, MAX_POOL
from crnn_deploy.onnx_graph.pruning import prune
from crnn_deploy.onnx_graph.qlinear_nhwc_conv import (
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    define_convolution_functions,
)
from crnn_deploy.onnx_graph.reserved_names import INT8_NAMES
from crnn_deploy.onnx_graph.wiring import feed_from, producers_of
from crnn_deploy.quantization.rewrite.convolution_places import Addition, Place, PlaceSearch, Pool

_MOST_TRANSPOSES = 2  # one before the first convolution, one behind the last


def put_convolutions_in_own_ops(model: onnx.ModelProto) -> None:
    """Replace, in place, all that a `QLinearNhwcConv`, a `QLinearNhwcConvAdd` or a `NhwcMaxPool` between them computes.

    An addition is taken in where both maps have the same shape for certain, so that nothing is broadcast. Nothing is
    replaced where other nodes between the convolutions would need Transposes, as depthwise convolutions do. (The
    receipts student with AMX: 124 µs instead of 194.)
    """
    search = PlaceSearch(model.graph)
    if not search.places:
        return
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    added = set()
    for place in search.places.values():
        addition = search.addition_to(place)
        if addition is not None and addition.after.output[0] in added:
            addition = None  # the convolution on its other side has it
        if addition is not None:
            added.add(addition.after.output[0])
        _replace(changed.graph, place, addition)
    for pool in search.pools:
        _replace_pool(changed.graph, pool)
    _cancel_transposes(changed.graph)
    prune(changed.graph)
    if _transposes(changed.graph) - _transposes(model.graph) <= _MOST_TRANSPOSES:
        define_convolution_functions(changed)
        model.CopyFrom(changed)


def _replace(graph: onnx.GraphProto, place: Place, addition: Addition | None) -> None:
    """Replace the QuantizeLinear behind a convolution, or behind an addition, by the op between Transposes."""
    after = addition.after if addition else place.after
    maps = [place.before.input[0]]
    inputs = [*place.weights.input, place.bias, *place.before.input[1:], *place.after.input[1:]]
    added: list[str] = []
    if addition:
        maps.append(addition.other.input[0])
        added = [*addition.other.input[1:], *addition.after.input[1:]]
    window = {"strides": place.window.strides, "pads": place.window.pads}
    _put(graph, after, CONVOLUTION_ADD if addition else CONVOLUTION, maps, [inputs, added], window)


def _replace_pool(graph: onnx.GraphProto, pool: Pool) -> None:
    window = {"kernel_shape": pool.size, "strides": pool.strides, "pads": pool.pads}
    _put(graph, pool.after, MAX_POOL, pool.before.input[:1], [[]], window)


def _put(
    graph: onnx.GraphProto,
    replaced: onnx.NodeProto,
    op: str,
    maps: Sequence[str],
    behind: Sequence[Sequence[str]],
    attributes: dict[str, Any],
) -> None:
    """Put an op between Transposes in the place of a node; `behind` each of its maps stand other inputs."""
    (result,) = replaced.output
    by_pixel = INT8_NAMES.name_for("by_pixel", result)
    inputs: list[str] = []
    nodes = []
    for role, source, others in zip(("channels_last", "added_last"), maps, behind, strict=False):
        name = INT8_NAMES.name_for(role, result)
        nodes.append(helper.make_node("Transpose", [source], [name], name, perm=TO_CHANNELS_LAST))
        inputs += [name, *others]
    nodes.append(helper.make_node(op, inputs, [by_pixel], by_pixel, domain=DOMAIN, **attributes))
    position = next(place for place, node in enumerate(graph.node) if result in node.output)
    for node in reversed(nodes):
        graph.node.insert(position, node)
    graph.node[position + len(nodes)].CopyFrom(
        helper.make_node("Transpose", [by_pixel], [result], replaced.name, perm=TO_CHANNELS_FIRST)
    )


def _cancel_transposes(graph: onnx.GraphProto) -> None:
    """Let what reads a map with its channels last read the op that gives it so, or the first Transpose of it."""
    producers = producers_of(graph)
    last: dict[str, str] = {}  # map → the same with its channels last
    for node in graph.node:
        if node.op_type == "Transpose" and attributes_of(node).get("perm") == TO_CHANNELS_LAST:
            source = producers.get(node.input[0])
            back = source is not None and attributes_of(source).get("perm") == TO_CHANNELS_FIRST
            same = source.input[0] if source and back else last.setdefault(node.input[0], node.output[0])
            feed_from(graph, node.output[0], same)


def _transposes(graph: onnx.GraphProto) -> int:
    return sum(node.op_type == "Transpose" for node in graph.node)
