"""Remove transposes that cancel out: exporters put the time axis first for each recurrence, and back after it."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import helper

from crnn_deploy.engine.lowering.editing import read_instead, replace_nodes
from crnn_deploy.onnx_graph.attributes import attributes_of
from crnn_deploy.onnx_graph.pruning import prune
from crnn_deploy.onnx_graph.reserved_names import LOWERING_NAMES
from crnn_deploy.onnx_graph.wiring import Constants, constants_of, producers_of

_STEPS_FIRST = [1, 0, 2]  # [N, T, C] ↔ [T, N, C]


def cancel_transposes(graph: onnx.GraphProto) -> None:
    """Merge consecutive transposes, in place, also across Q/DQ pairs with one scale and after recurrences."""
    changed = True
    while changed:
        changed = _join_directions(graph) or _merge(graph) or _lift(graph)
    _skip_identities(graph)
    prune(graph)


def _join_directions(graph: onnx.GraphProto) -> bool:
    """Where Y [T, D, N, H] is reshaped to [T, N, D·H], take it directly from the plugin's [N, T, D·H]."""
    constants, producers = constants_of(graph), producers_of(graph)
    for node in graph.node:
        if node.op_type not in ("Reshape", "Squeeze") or node.input[0] not in producers:
            continue
        split = _splitting(producers[node.input[0]], producers, joins=node.op_type == "Reshape")
        if split is not None and _joins(node, constants, constants[split.input[1]].tolist()):
            node.CopyFrom(helper.make_node("Transpose", split.input[:1], node.output[:1], node.name, perm=_STEPS_FIRST))
            return True
    return False


def _splitting(transpose: onnx.NodeProto, producers: dict[str, onnx.NodeProto], joins: bool) -> onnx.NodeProto | None:
    """The node that split [N, T, D·H] into directions, if `transpose` gives [T, N, D, H] or [T, D, N, H] of that."""
    perm = [1, 0, 2, 3] if joins else [1, 2, 0, 3]
    if _perm(transpose) != perm:
        return None
    before = producers.get(transpose.input[0])
    return (
        before if before is not None and before.name.startswith(LOWERING_NAMES.name_for("by_direction", "")) else None
    )


def _joins(node: onnx.NodeProto, constants: Constants, split: Sequence[int]) -> bool:
    """Whether a node joins the split directions to [T, N, D·H]."""
    _, _, directions, hidden = split
    wanted = constants.get(node.input[1]) if len(node.input) > 1 else None
    if wanted is None:
        return False
    if node.op_type == "Squeeze":
        return directions == 1 and wanted.tolist() == [1]
    return wanted.tolist() in ([0, 0, directions * hidden], [0, 0, -1]) and not attributes_of(node).get("allowzero")


def _merge(graph: onnx.GraphProto) -> bool:
    """Replace a transpose of a transpose by one transpose."""
    producers = producers_of(graph)
    for node in graph.node:
        before = producers.get(node.input[0]) if _perm(node) else None
        if before is not None and _perm(before):
            first, second = _perm(before), _perm(node)
            merged = [first[axis] for axis in second]
            node.CopyFrom(helper.make_node("Transpose", before.input, node.output, node.name, perm=merged))
            return True
    return False


def _lift(graph: onnx.GraphProto) -> bool:
    """Move a transpose from after a Q/DQ pair to before it, where there is another transpose."""
    constants, producers = constants_of(graph), producers_of(graph)
    for position, node in enumerate(graph.node):
        chain = [node]
        for op in ("DequantizeLinear", "QuantizeLinear", "Transpose"):
            before = producers.get(chain[-1].input[0])
            if not _perm(node) or before is None or before.op_type != op:
                break
            chain.append(before)
        else:
            pair = chain[2], chain[1]
            if all(half.input[1] in constants and constants[half.input[1]].size == 1 for half in pair):
                nodes = list(graph.node)
                replace_nodes(graph, [*nodes[:position], *_lifted(node, *pair), *nodes[position + 1 :]])
                return True
    return False


def _lifted(transpose: onnx.NodeProto, quantize: onnx.NodeProto, dequantize: onnx.NodeProto) -> list[onnx.NodeProto]:
    names = [LOWERING_NAMES.name_for(role, transpose.name) for role in ("lifted", "quantized")]
    moved = helper.make_node("Transpose", quantize.input[:1], names[:1], transpose.name, perm=_perm(transpose))
    pair = []
    for half, source, output in ((quantize, names[0], names[1]), (dequantize, names[1], transpose.output[0])):
        copy = onnx.NodeProto()
        copy.CopyFrom(half)
        copy.name = LOWERING_NAMES.name_for(half.op_type, transpose.name)
        copy.input[0], copy.output[0] = source, output
        pair.append(copy)
    return [moved, *pair]


def _skip_identities(graph: onnx.GraphProto) -> None:
    """Remove transposes that change nothing: their readers, or outputs of the graph, get their input."""
    results = {value.name for value in graph.output}
    for node in list(graph.node):
        if not _perm(node) or _perm(node) != sorted(_perm(node)):
            continue
        source, output = node.input[0], node.output[0]
        producer = producers_of(graph).get(source)
        if output not in results:
            read_instead(graph, {output: source})
        elif producer is not None and source not in results:
            graph.node.remove(node)
            producer.output[list(producer.output).index(source)] = output
            read_instead(graph, {source: output})


def _perm(node: onnx.NodeProto) -> list[int]:
    """The axes of a transpose; empty for other nodes, and where all axes are reversed, however many there are."""
    return list(attributes_of(node).get("perm", [])) if node.op_type == "Transpose" else []
