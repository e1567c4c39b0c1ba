"""The body of a Loop or a Scan, which computes one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx

from crnn_deploy.onnx_graph.attributes import attributes_of


@dataclass(frozen=True)
class Source:
    """A sequence: its tensor, the axis of the steps, and whether the last step comes first."""

    tensor: str
    axis: int
    reverse: bool


@dataclass(frozen=True)
class Body:
    """A Loop or a Scan, in the same words.

    Attributes:
        node: the Loop or Scan.
        graph: its body.
        carried: of each state: its tensor before the loop, in the body, and after a step.
        steps: the tensors in the body that are steps of a sequence outside, which the operator takes apart.
        gathered: the sequences that the operator puts together; their tensors are those of one step in the body.
    """

    node: onnx.NodeProto
    graph: onnx.GraphProto
    carried: Sequence[tuple[str, str, str]]
    steps: Mapping[str, Source]
    gathered: Sequence[Source]

    @property
    def orders(self) -> tuple[bool, ...]:
        """Whether it may begin with the last step: a Scan says so, and a Loop takes the steps itself."""
        return (False, True) if self.node.op_type == "Loop" else (False,)


def body_of(node: onnx.NodeProto) -> Body | None:
    """The body of a node, where that is a Loop or a Scan."""
    if node.op_type == "Loop":
        return _loop(node)
    return _scan(node) if node.op_type == "Scan" else None


def _loop(node: onnx.NodeProto) -> Body:
    graph = attributes_of(node)["body"]
    before, inside = list(node.input[2:]), [value.name for value in graph.input[2:]]
    after = [value.name for value in graph.output[1:]]
    carried = list(zip(before, inside, after[: len(before)], strict=True))
    return Body(node, graph, carried, {}, [Source(name, 0, False) for name in after[len(before) :]])


def _scan(node: onnx.NodeProto) -> Body:
    attributes = attributes_of(node)
    graph, count = attributes["body"], attributes["num_scan_inputs"]
    states = len(node.input) - count
    inside, after = [value.name for value in graph.input], [value.name for value in graph.output]
    axes = attributes.get("scan_input_axes", [0] * count)
    reverse = attributes.get("scan_input_directions", [0] * count)
    made = len(after) - states
    axes_after = attributes.get("scan_output_axes", [0] * made)
    reverse_after = attributes.get("scan_output_directions", [0] * made)
    return Body(
        node,
        graph,
        list(zip(node.input[:states], inside[:states], after[:states], strict=True)),
        {
            name: Source(outside, axis, bool(backwards))
            for name, outside, axis, backwards in zip(inside[states:], node.input[states:], axes, reverse, strict=True)
        },
        [
            Source(name, axis, bool(backwards))
            for name, axis, backwards in zip(after[states:], axes_after, reverse_after, strict=True)
        ],
    )
