"""Two layers that read the same sequence in opposite directions: one node for both, which kernels run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import zip_longest

import numpy as np
import onnx
from onnx import helper, numpy_helper

from crnn_deploy.checkpoints.onnx.recurrence.nodes.layer import NAMES
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.operators import RECURRENT
from crnn_deploy.onnx_graph.wiring import all_constants, producers_of

_WEIGHTS = (1, 2, 3)  # positions of W, R and B among the inputs
_STATES = (5, 6)  # of the initial states


def changes(graph: onnx.GraphProto) -> Iterator[tuple[str, Callable[[onnx.GraphProto], None]]]:
    """What may be done to a copy of the graph, by a name. Whether it computes the same must be tried."""
    layers = [node for node in graph.node if node.op_type in RECURRENT and any(node.output)]
    for one in layers:
        for other in layers:
            if _directions(one, other) == ("forward", "reverse") and _match(one, other):
                names = [_known_by(node) for node in (one, other)]
                yield f"both directions {names[0]} {names[1]}", partial(_join, one=names[0], other=names[1])


def _known_by(layer: onnx.NodeProto) -> str:
    """The first output that a layer has; each of them may be left out."""
    return str(next(filter(None, layer.output)))


def _directions(*nodes: onnx.NodeProto) -> tuple[str, ...]:
    return tuple(attributes_of(node).get("direction", b"forward").decode() for node in nodes)


def _match(one: onnx.NodeProto, other: onnx.NodeProto) -> bool:
    """Whether two layers are of one kind and read the same."""
    kinds = [{**attributes_of(node), "direction": "", "kind": node.op_type} for node in (one, other)]
    given = [[bool(name) for name in node.input] for node in (one, other)]
    return kinds[0] == kinds[1] and one.input[0] == other.input[0] and given[0] == given[1]


def _join(graph: onnx.GraphProto, one: str, other: str) -> None:
    """Put one node in the place of the two layers that have these outputs, with every output that either has."""
    makers = producers_of(graph)
    pair = [makers[one], makers[other]]
    constants = all_constants(graph)
    inputs = list(pair[0].input)
    for position in (*_WEIGHTS, *_STATES):
        given = [node.input[position] for node in pair if position < len(node.input) and node.input[position]]
        if given:
            inputs[position] = NAMES.name_for(f"both {position}", one)
        if given and all(name in constants for name in given):
            joined = np.concatenate([constants[name] for name in given])
            graph.initializer.append(numpy_helper.from_array(joined, inputs[position]))
        elif given:
            graph.node.append(helper.make_node("Concat", given, [inputs[position]], inputs[position], axis=0))
    parts = list(zip_longest(*(node.output for node in pair), fillvalue=""))
    outputs = [NAMES.name_for(f"both of {place}", one) if any(names) else "" for place, names in enumerate(parts)]
    layer = helper.make_node(pair[0].op_type, inputs, outputs, NAMES.name_for("both directions", one))
    attributes = {**attributes_of(pair[0]), "direction": "bidirectional"}
    for name in ("activations", "activation_alpha", "activation_beta"):
        if name in attributes:
            attributes[name] = 2 * attributes[name]
    layer.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
    for node in pair:
        graph.node.remove(node)
    graph.node.append(layer)
    for number, (joined_output, names) in enumerate(zip(outputs, parts, strict=True)):
        if joined_output:
            _take_apart(graph, joined_output, 0 if number else 1, names)
    if all(parts[0]):
        _join_outputs(graph, outputs[0], parts[0])


def _take_apart(graph: onnx.GraphProto, joined: str, axis: int, names: tuple[str, ...]) -> None:
    """Make each direction's tensor of one with both; a direction whose name is `""` is read by nothing."""
    sizes = NAMES.name_for("one and one", joined)
    graph.initializer.append(numpy_helper.from_array(np.array([1, 1]), sizes))
    given = [name or NAMES.name_for(f"unread {place}", joined) for place, name in enumerate(names)]
    graph.node.append(helper.make_node("Split", [joined, sizes], given, NAMES.name_for("apart", joined), axis=axis))


def _join_outputs(graph: onnx.GraphProto, outputs: str, parts: tuple[str, ...]) -> None:
    """Let what joins both directions' `[T, N, H]` take the node's outputs `[T, 2, N, H]`, without a copy of each."""
    makers = producers_of(graph)
    sizes = NAMES.name_for("sizes", outputs)
    for node in list(graph.node):
        squeezed = [makers.get(name) for name in node.input]
        made_from = [maker.input[0] for maker in squeezed if maker is not None and maker.op_type == "Squeeze"]
        if node.op_type != "Concat" or attributes_of(node)["axis"] not in (2, -1) or tuple(made_from) != parts:
            continue
        output, node.output[0] = node.output[0], NAMES.name_for("former", node.output[0])
        moved = NAMES.name_for("moved", output)
        graph.node.append(helper.make_node("Transpose", [outputs], [moved], moved, perm=[0, 2, 1, 3]))
        graph.node.append(helper.make_node("Reshape", [moved, sizes], [output], NAMES.name_for("joined", output)))
        if sizes not in {tensor.name for tensor in graph.initializer}:
            graph.initializer.append(numpy_helper.from_array(np.array([0, 0, -1]), sizes))
