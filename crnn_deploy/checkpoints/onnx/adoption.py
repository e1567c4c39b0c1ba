"""Imports a third-party ONNX model: runs it to check it against its spec, and writes it with the spec inside."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto

from crnn_deploy.artifact import Artifact, read_onnx, write_onnx
from crnn_deploy.checkpoints.blank import doubt_blank
from crnn_deploy.checkpoints.narrowest_width import with_readable_width
from crnn_deploy.checkpoints.onnx.axes import with_channels_first, with_measured_layout, with_named_axes
from crnn_deploy.checkpoints.onnx.closing_softmax import as_logits
from crnn_deploy.checkpoints.onnx.full_precision import in_full_precision, taking_floats
from crnn_deploy.checkpoints.onnx.recurrence.recovery import with_recurrent_nodes
from crnn_deploy.checkpoints.onnx.trial import input_of, with_any_batch, with_one_output
from crnn_deploy.checkpoints.spec_file import check_outputs
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.onnxruntime import OnnxGraphSession
from crnn_deploy.runtime.raised_opset import with_recent_opset
from crnn_deploy.runtime.trial import trial_images
from crnn_deploy.spec import LineageStep, ModelSpec

_IMAGE_TYPES = {
    *(TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE),
    *(TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64),
}
_ROUNDING = 1e-3
_OPSET = 13
"""From here on Squeeze, ReduceSum and others take their axes as inputs, and integers have scales for each channel."""
_PIXELS = {"mean": (0.0,), "std": (1 / 255,)}  # the values that pixels have in images, 0 to 255


def adopt_onnx(
    checkpoint: Path, output: Path, spec: ModelSpec, step: LineageStep, force: bool, progress: Progress = SILENT
) -> Artifact:
    """Write `checkpoint` with `spec` inside, as an FP32 model of any batch size whose only output is logits.

    Raises:
        InputError: if the model's input or output differs from the spec, it sees clips, or ONNX Runtime refuses it.
    """
    title = str(checkpoint)
    if spec.preprocessing.clips is not None:
        raise InputError(
            f"{title} cannot be imported: its spec says that it sees clips.",
            "Of other people's ONNX files only those that see single images are taken in.",
            "Import the PyTorch weights with --module, and export these.",
        )
    model = with_channels_first(read_onnx(checkpoint), spec.preprocessing, title, progress)
    shape = _input_shape(model, title)
    _check_input(shape, spec, title)
    model = in_full_precision(with_named_axes(model, title))
    spec = _in_pixels(spec, input_of(model, title), title)
    model = taking_floats(model)
    model = with_recent_opset(model, _OPSET, spec, title, progress)
    model, spec = with_measured_layout(model, spec, title, progress)
    model = with_recurrent_nodes(with_one_output(model, spec, title), spec, progress)
    model = with_any_batch(model, spec, title, progress)
    session = OnnxGraphSession(model, spec, 1, title)
    check_outputs(spec, session.run(trial_images(spec, 1)).shape[-1], title)
    if spec.task == "ctc":
        doubt_blank(session, progress)
    spec = with_readable_width(session, progress)
    return write_onnx(output, as_logits(model, spec), spec.after(step), force)


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
    in_pixels = set(p.mean) == {0.0} and all(abs(std * 255 - 1) < _ROUNDING for std in p.std)
    if p.normalise == "image" or (stated and not in_pixels):
        raise InputError(
            f"{title} takes whole numbers, and the spec gives others.",
            f"It says normalise: {p.normalise}, mean {list(p.mean)} and std {list(p.std)}, and the model takes "
            "pixels from 0 to 255.",
            "Leave out preprocessing.normalise, preprocessing.mean and preprocessing.std: the model normalises itself.",
        )
    return spec.model_copy(update={"preprocessing": p.model_copy(update=_PIXELS)})
