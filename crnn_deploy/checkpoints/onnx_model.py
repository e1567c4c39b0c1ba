"""Imports a third-party ONNX model: runs it to check it against its spec, and writes it with the spec inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from crnn_deploy.artifact import Artifact, read_onnx, write_onnx
from crnn_deploy.checkpoints.full_precision import in_full_precision, taking_floats
from crnn_deploy.checkpoints.narrowest_width import with_readable_width
from crnn_deploy.checkpoints.onnx_trial import input_of, with_any_batch, with_one_output
from crnn_deploy.checkpoints.spec_file import check_outputs
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.onnxruntime import OnnxGraphSession
from crnn_deploy.runtime.trial import trial_images
from crnn_deploy.spec import LineageStep, ModelSpec

_IMAGE_TYPES = {
    *(TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE),
    *(TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64),
}
_ROUNDING = 1e-3
_PIXELS = {"mean": (0.0,), "std": (1 / 255,)}  # the values that pixels have in images, 0 to 255


def adopt_onnx(
    checkpoint: Path, output: Path, spec: ModelSpec, step: LineageStep, force: bool, progress: Progress = SILENT
) -> Artifact:
    """Write `checkpoint` with `spec` inside, as an FP32 model of any batch size whose only output is logits.

    Raises:
        InputError: if the model's input or output differs from the spec, or ONNX Runtime refuses the model.
    """
    title = str(checkpoint)
    model = read_onnx(checkpoint)
    shape = _input_shape(model, title)
    _check_input(shape, spec, title)
    model = in_full_precision(model)
    spec = _in_pixels(spec, input_of(model, title), title)
    model = taking_floats(model)
    model = with_any_batch(with_one_output(model, spec, title), spec, title, progress)
    session = OnnxGraphSession(model, spec, 1, title)
    check_outputs(spec, session.run(trial_images(spec, 1)).shape[-1], title)
    if spec.task == "ctc":
        _doubt_blank(session, progress)
    spec = with_readable_width(session, progress)
    return write_onnx(output, as_logits(model, spec), spec.after(step), force)


def _doubt_blank(session: OnnxGraphSession, progress: Progress) -> None:
    """Say so where white paper reads as the class at the other end of the charset: that is where the blank belongs."""
    spec = session.spec
    p = spec.preprocessing
    mean, std = (np.broadcast_to(np.array(v, np.float32), p.channel_count)[:, None, None] for v in (p.mean, p.std))
    paper = (np.ones_like(trial_images(spec, 1)) - mean) / std
    classes = set(session.run(paper).argmax(-1).ravel().tolist())
    if classes in ({0}, {len(spec.charset)}) and spec.blank not in classes:
        progress.log(
            f"Check `blank` in the spec: it is {spec.blank}, and the model reads white paper as class {classes.pop()}."
        )


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


def _input_shape(model: onnx.ModelProto, title: str) -> list[int]:
    """The model's only input, as a list of four sizes; 0 for a variable size, or where the model states none."""
    tensor = input_of(model, title).type.tensor_type
    sizes = [size.dim_value for size in tensor.shape.dim] if tensor.HasField("shape") else [0] * 4
    if tensor.elem_type not in _IMAGE_TYPES or len(sizes) != 4:
        known = tensor.elem_type in TensorProto.DataType.values()
        kind = TensorProto.DataType.Name(tensor.elem_type) if known else "type"
        raise InputError(
            f"{title} takes {kind} {sizes}, expected FLOAT [batch, channels, height, width].",
            "It is no line recogniser, or takes its images in another form.",
            "Export the model with an image as its input.",
        )
    return [max(0, size) for size in sizes]


def _check_input(shape: list[int], spec: ModelSpec, title: str) -> None:
    p = spec.preprocessing
    expected = {"channels": p.channel_count, "height": p.height, "width": p.width}
    for (name, of_spec), of_model in zip(expected.items(), shape[1:], strict=True):
        if of_model and of_spec != of_model:
            raise InputError(
                f"The spec doesn't fit the input of {title}.",
                f"It says {name} {of_spec or 'variable'}, and the model takes {of_model}.",
                f"Correct preprocessing.{name} in the spec.",
            )


def _in_pixels(spec: ModelSpec, image: onnx.ValueInfoProto, title: str) -> ModelSpec:
    """The spec, with whole pixels as the network's input where the graph takes integers and normalises itself."""
    if image.type.tensor_type.elem_type in (TensorProto.FLOAT, TensorProto.DOUBLE):
        return spec
    p = spec.preprocessing
    stated = p.model_fields_set & _PIXELS.keys()
    if stated and not (set(p.mean) == {0.0} and all(abs(std * 255 - 1) < _ROUNDING for std in p.std)):
        raise InputError(
            f"{title} takes whole numbers, and the spec gives others.",
            f"It says mean {list(p.mean)} and std {list(p.std)}, and the model takes pixels from 0 to 255.",
            "Leave out preprocessing.mean and preprocessing.std: the model normalises itself.",
        )
    return spec.model_copy(update={"preprocessing": p.model_copy(update=_PIXELS)})
