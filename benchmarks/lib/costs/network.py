"""Operations, bytes and time of a network's nodes, in the graph that ONNX Runtime makes of a file."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from costs.profile import Profile, Tensor
from costs.work import FP32, INT8, Peaks, Work
from crnn_deploy.inspection.onnx_macs import macs_of
from crnn_deploy.onnx_graph.operators import OPERANDS, QDQ, RECURRENT_WEIGHTS
from crnn_deploy.runtime.onnxruntime import session_options

VIEWS = ("Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity")
"""Operators that give a tensor another shape and move no byte of it."""

MOVERS = (*VIEWS, "Transpose", "ReorderInput", "ReorderOutput", "Concat", "Split", "Slice", "Pad", "Expand")
"""Operators that lay out what others computed."""

GROUPS = (
    "INT8 convolutions",
    "FP32 convolutions",
    "depthwise convolutions",
    "recurrent layers",
    "head and other matrix products",
    "number formats and layouts",
    "the rest",
)


@dataclass(frozen=True)
class NodeCost:
    """A node of the graph as it runs, the shape of its output, its work, and its µs without what the profile adds."""

    operator: str
    output: tuple[int, ...]
    group: str
    work: Work
    us: float


def node_costs(path: Path, images: NDArray[np.float32], peaks: Peaks, rounds: int, seconds: float) -> list[NodeCost]:
    """The cost of each node of a file that takes images `[1, C, H, W]`, on one thread, in their order."""
    model = as_run(path)
    profile = Profile(model, {model.graph.input[0].name: images}, rounds, seconds)
    added = peaks.profiled_us - peaks.node_us
    tensors = profile.tensors
    return [
        NodeCost(
            operator=each.node.op_type,
            output=tensors[each.node.output[0]].shape,
            group=group(each.node, tensors),
            work=work(each.node, tensors),
            us=max(0.0, each.us - added),
        )
        for each in profile.nodes
    ]


def as_run(path: Path) -> onnx.ModelProto:
    """The graph that ONNX Runtime makes of a file for this machine; its nodes are named by their place."""
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / "changed.onnx"
        options = session_options(1)
        options.optimized_model_filepath = str(changed)
        ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        model = onnx.load(changed)
    for place, node in enumerate(model.graph.node):
        node.name = str(place)
    return model


def work(node: onnx.NodeProto, tensors: Mapping[str, Tensor]) -> Work:
    """The multiply-adds of a node, and the bytes of all that it reads, weights too, and writes."""
    names = {*node.input, *node.output} - {""}
    moved = 0 if node.op_type in VIEWS else sum(tensors[name].bytes for name in names if name in tensors)
    if node.op_type not in OPERANDS:
        return Work(0, moved)
    shapes = {name: tensors[name].shape for name in names if name in tensors}
    weights = tensors[node.input[OPERANDS[node.op_type][1]]]
    return Work(2 * macs_of(node, shapes), moved, INT8 if weights.item == 1 else FP32)


def group(node: onnx.NodeProto, tensors: Mapping[str, Tensor]) -> str:
    """One of `GROUPS`."""
    int8, fp32, depthwise, recurrent, products, layouts, rest = GROUPS
    if node.op_type in RECURRENT_WEIGHTS:
        return recurrent
    if node.op_type in OPERANDS:
        weights = node.input[OPERANDS[node.op_type][1]]
        if "Conv" not in node.op_type:
            return products
        if _groups(node) > 1 and tensors[weights].shape[1] == 1:
            return depthwise
        return int8 if tensors[weights].item == 1 else fp32
    return layouts if node.op_type in (*QDQ, *MOVERS) else rest


def _groups(convolution: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in convolution.attribute if attribute.name == "group"), 1)
