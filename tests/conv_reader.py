"""Readers and classifiers of one convolution with random weights, for any spec, as `.onnx` artifacts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.artifact import Artifact, write_onnx
from crnn_deploy.spec import ModelSpec

STEP = 4
"""Pixels of a frame."""


def conv_reader(
    path: Path, spec: ModelSpec, batch: int | None = None, softmax: bool = False, second_output: bool = False
) -> Artifact:
    """Write a model that gives logits for windows of `STEP` columns, or of the whole picture where it names classes.

    Args:
        batch: images that the graph takes at once.
        softmax: whether it gives probabilities.
        second_output: whether the logits come after another output.
    """
    seen, classes = spec.preprocessing, spec.num_outputs
    width = STEP if spec.task == "ctc" else seen.width
    shape = (classes, seen.channel_count, seen.height, width)
    random = np.random.default_rng(0)
    weights = random.normal(0, 8 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
    nodes = [helper.make_node("Conv", ["images", "weights"], ["frames"], strides=[1, STEP])]  # [N, K, 1, T]
    if spec.task == "ctc":
        axes = [3, 0, 1] if spec.output_layout == "TNC" else [0, 3, 1]
        nodes += [
            helper.make_node("Squeeze", ["frames", "rows"], ["lines"]),
            helper.make_node("Transpose", ["lines"], ["raw"], perm=[{0: 0, 1: 1, 3: 2}[axis] for axis in axes]),
        ]
    else:
        nodes.append(helper.make_node("Flatten", ["frames"], ["raw"]))
    nodes.append(helper.make_node("Softmax" if softmax else "Identity", ["raw"], ["logits"]))
    initializers = [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([2]), "rows")]
    size = [batch or "n", seen.channel_count, seen.height, seen.width or "w"]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None] * spec.output_axes)]
    if second_output:
        outputs.insert(0, helper.make_tensor_value_info("frames", TensorProto.FLOAT, [None] * 4))
    graph = helper.make_graph(
        nodes,
        "conv",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, size)],
        outputs,
        initializers if spec.task == "ctc" else initializers[:1],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return write_onnx(path, model, spec)
