"""Let a recurrent layer read the numbers of a step in the order in which ONNX Runtime's INT8 convolutions give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx
from onnx import helper, numpy_helper

from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import QDQ, RECURRENT
from crnn_deploy.onnx_graph.wiring import Wiring, all_constants, producers_of

_KEEPING_CHANNELS = ("AveragePool", "Max", "MaxPool", "Relu", *QDQ)
_SWAPPED = [1, 0, 2]  # from [N, T, F] to [T, N, F]
_LAST_TWO_MERGED = [0, 0, -1]  # as the sizes of a Reshape


@dataclass(frozen=True)
class _Steps:
    """The way from a feature map `[N, C, H, W]` to a layer's input `[T, N, F]`: T is H or W, F is C times the other."""

    split: onnx.NodeProto
    """The Transpose to `[N, T, C, rest]`."""
    merge: onnx.NodeProto
    """The Reshape to `[N, T, F]`."""
    swap: onnx.NodeProto
    """The Transpose to `[T, N, F]`."""
    layer: onnx.NodeProto


def put_channels_last(graph: onnx.GraphProto) -> None:
    """Let steps that are rows or columns of a feature map, in place, hold the channels of one cell after another.

    Convolutions in INT8 give the channels of a cell together. Steps that hold one channel after another,
    `[T, N, C · rest]`, need two Transposes, and one of them moves every byte; `[T, N, rest · C]` needs one, which moves
    nothing in a batch of one. The columns of the layer's W get the same order. (MNIST's CNN-LSTM: 2.1 of 80 µs.)
    """
    wiring, producers = Wiring(graph), producers_of(graph)
    sizes = {name: values.tolist() for name, values in all_constants(graph).items() if values.ndim == 1}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for layer in list(graph.node):
        if layer.op_type not in RECURRENT or layer.input[1] not in weights:
            continue
        steps = _steps_of(layer, wiring, producers, sizes)
        channels = _channels(steps.split.input[0], producers, weights) if steps else 0
        if steps and channels and wiring.consumers(layer.input[1]) == [layer]:
            _reorder(graph, steps, weights[layer.input[1]], channels)


def _steps_of(
    layer: onnx.NodeProto, wiring: Wiring, producers: Mapping[str, onnx.NodeProto], sizes: Mapping[str, list[int]]
) -> _Steps | None:
    chain = [layer]
    for kind in ("Transpose", "Reshape", "Transpose"):
        node = producers.get(chain[-1].input[0])
        if not node or node.op_type != kind or node.output[0] in wiring.outputs:
            return None
        if wiring.consumers(node.output[0]) != [chain[-1]]:
            return None
        chain.append(node)
    _, swap, merge, split = chain
    perm = attributes_of(split).get("perm", [])
    merges = sizes.get(merge.input[1]) == _LAST_TWO_MERGED and not attributes_of(merge).get("allowzero")
    if not merges or attributes_of(swap).get("perm") != _SWAPPED or perm not in ([0, 2, 1, 3], [0, 3, 1, 2]):
        return None
    return _Steps(split, merge, swap, layer)


def _channels(tensor: str, producers: Mapping[str, onnx.NodeProto], weights: Mapping[str, onnx.TensorProto]) -> int:
    """The channels of a feature map; 0 where they do not come from a convolution."""
    source = producers.get(tensor)
    while source and source.op_type in _KEEPING_CHANNELS:
        source = producers.get(source.input[0])
    if not source or source.op_type != "Conv":
        return 0
    decoder = producers.get(source.input[1])
    weight = weights.get(decoder.input[0] if decoder else source.input[1])
    return weight.dims[0] if weight else 0


def _reorder(graph: onnx.GraphProto, steps: _Steps, weight: onnx.TensorProto, channels: int) -> None:
    _, step, _, rest = attributes_of(steps.split)["perm"]
    steps.split.CopyFrom(
        helper.make_node("Transpose", steps.split.input, steps.split.output, steps.split.name, perm=[step, 0, rest, 1])
    )
    steps.merge.output[:] = steps.swap.output
    graph.node.remove(steps.swap)
    columns = numpy_helper.to_array(weight)  # [D, G·H, C · rest]
    by_channel = columns.reshape(*columns.shape[:2], channels, -1)
    weight.CopyFrom(numpy_helper.from_array(by_channel.swapaxes(2, 3).reshape(columns.shape).copy(), weight.name))
