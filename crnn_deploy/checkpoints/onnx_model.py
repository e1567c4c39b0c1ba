"""Imports a third-party ONNX model: runs it to check it against its spec, and writes it with the spec inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from crnn_deploy.artifact import Artifact, read_onnx, write_onnx
from crnn_deploy.checkpoints.spec_file import check_outputs
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import LineageStep, ModelSpec

_TRIAL_WIDTH = 160


def adopt_onnx(checkpoint: Path, output: Path, spec: ModelSpec, step: LineageStep, force: bool) -> Artifact:
    """Write `checkpoint` with `spec` inside, as a model whose output is logits.

    Raises:
        InputError: if the model's input or output differs from the spec, or ONNX Runtime refuses the model.
    """
    model = read_onnx(checkpoint)
    shape = _input_shape(model, checkpoint)
    _check_input(shape, spec, checkpoint)
    _check_output(Artifact(checkpoint, spec), shape)
    return write_onnx(output, as_logits(model, spec), spec.after(step), force)


def as_logits(model: onnx.ModelProto, spec: ModelSpec) -> onnx.ModelProto:
    """`model` without a Softmax over the classes at its end.

    Distillation and INT8 need logits; besides, a Softmax over PaddleOCR's 18,710 classes takes time.
    """
    classes = (-1, 2 if spec.task == "ctc" else 1)
    graph = model.graph
    last = next((node for node in graph.node if graph.output[0].name in node.output), None)
    if last is None or last.op_type != "Softmax":
        return model
    # Before opset 13, Softmax by default works over all axes from the second one on together.
    if attributes_of(last).get("axis", -1 if opset_of(model) >= 13 else 1) not in classes:
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    changed.graph.node.remove(last)
    for node in changed.graph.node:
        for names in (node.input, node.output):
            names[:] = [last.output[0] if name == last.input[0] else name for name in names]
    return changed


def _input_shape(model: onnx.ModelProto, path: Path) -> list[int]:
    """The model's only input, as a list of four sizes; 0 for a variable size."""
    weights = {initializer.name for initializer in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        raise InputError(f"{path} has {len(inputs)} inputs ({', '.join(i.name for i in inputs)}), expected one image.")
    tensor = inputs[0].type.tensor_type
    sizes = [max(0, dim.dim_value) for dim in tensor.shape.dim]
    if tensor.elem_type != onnx.TensorProto.FLOAT or len(sizes) != 4:
        kind = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise InputError(f"{path} takes {kind}{sizes}, expected FLOAT [batch, channels, height, width].")
    return sizes


def _check_input(shape: list[int], spec: ModelSpec, path: Path) -> None:
    p = spec.preprocessing
    expected = {"channels": p.channel_count, "height": p.height, "width": p.width}
    for (name, of_spec), of_model in zip(expected.items(), shape[1:], strict=True):
        if of_model and of_spec != of_model:
            raise InputError(
                f"The spec doesn't fit the input of {path}.",
                f"It says {name} {of_spec or 'variable'}, and the model takes {of_model}.",
                f"Correct preprocessing.{name} in the spec.",
            )


def _check_output(artifact: Artifact, shape: list[int]) -> None:
    p = artifact.spec.preprocessing
    batch = shape[0] or 2
    width = p.width or -(-_TRIAL_WIDTH // p.width_multiple) * p.width_multiple
    logits = open_session(artifact, threads=1).run(np.zeros((batch, p.channel_count, p.height, width), np.float32))
    axes = 3 if artifact.spec.task == "ctc" else 2
    if logits.ndim != axes or logits.shape[0] != batch:
        raise InputError(
            f"The output of {artifact.path} differs from the spec.",
            f"A batch of {batch} gave {list(logits.shape)}, expected {axes} axes and {batch} first"
            f"{f' (layout {artifact.spec.output_layout})' if axes == 3 else ''}.",
            "Correct `task` or `output_layout` in the spec.",
        )
    check_outputs(artifact.spec, logits.shape[-1], str(artifact.path))
