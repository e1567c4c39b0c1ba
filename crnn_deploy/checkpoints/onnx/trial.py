"""Try a third-party ONNX model on noise: which output holds the logits, and how many images it takes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.checkpoints.onnx.free_batch import set_batch, with_free_batch
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.pruning import with_outputs
from crnn_deploy.onnx_graph.simplification import simplify
from crnn_deploy.onnx_graph.structure import image_inputs
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.onnxruntime import OnnxGraphSession, open_network
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.trial import check_trial, reads_alike, steady_outputs, trial_images
from crnn_deploy.spec import ModelSpec

_IMAGES = 3


def with_one_output(model: onnx.ModelProto, spec: ModelSpec, title: str) -> onnx.ModelProto:
    """The model with no other output than the logits.

    Raises:
        InputError: if none of its outputs has the form of logits, or several have, or they are not finite.
    """
    network = open_network(model, threads=1, title=title)
    batch = network.batch or 1
    names = [output.name for output in network.session.get_outputs()]
    values = dict(zip(names, network.try_out(trial_images(spec, batch), names), strict=True))
    fitting = [name for name, value in values.items() if _fits(value, spec, batch)]
    named = [name for name in fitting if values[name].shape[-1] == spec.num_outputs] or fitting
    if len(named) != 1:
        _refuse(values, named, spec, title)
    check_trial(values[named[0]], title)
    if len(names) == 1:
        return model
    return with_outputs(model, [output for output in model.graph.output if output.name == named[0]])


def with_any_batch(model: onnx.ModelProto, spec: ModelSpec, title: str, progress: Progress) -> onnx.ModelProto:
    """The model if it reads several images as it reads each alone; else changed so that it does, where possible.

    Where it is not, the model takes as many images as it does now, and says so; sessions run it in such parts.

    Raises:
        InputError: if it runs with no number of images.
    """
    fixed = open_network(model, threads=1, title=title).batch
    batch = fixed or 1
    images = trial_images(spec, _IMAGES)
    declared = _declaring(model, batch)
    expected = steady_outputs(OnnxGraphSession(declared, spec, 1, title), images, title)
    if fixed is None and _reads_alike(model, spec, images, expected):
        return model
    for folded in (False, True):  # states and sizes that are computed from constants are constants then
        try:
            freed = with_free_batch(simplify(model) if folded else model, batch)
        except InputError:
            continue
        if _reads_alike(freed, spec, images, expected):
            progress.log(f"The graph was made for batches of {batch}; it now takes any number of images.")
            return freed
    progress.log(f"The graph takes batches of {batch} only, and is run so: several images take longer.")
    return declared


def _declaring(model: onnx.ModelProto, batch: int) -> onnx.ModelProto:
    declared = onnx.ModelProto()
    declared.CopyFrom(model)
    set_batch(declared, batch)
    return declared


def _reads_alike(
    model: onnx.ModelProto, spec: ModelSpec, images: NDArray[np.float32], expected: NDArray[np.float32]
) -> bool:
    """Whether a model runs, and gives these logits for the images together and for each of them alone."""
    try:
        session = OnnxGraphSession(model, spec, 1)
    except InputError:
        return False
    return reads_alike(session, images, expected)


def _fits(value: NDArray[Any], spec: ModelSpec, batch: int) -> bool:
    floats = isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
    return floats and value.ndim == spec.output_axes and len(batch_first(value, spec)) == batch


def _refuse(values: Mapping[str, NDArray[Any]], fitting: list[str], spec: ModelSpec, title: str) -> None:
    given = ", ".join(f"{name} {getattr(value, 'dtype', '')}{list(np.shape(value))}" for name, value in values.items())
    if fitting:
        raise InputError(
            f"{title} has {len(fitting)} outputs that may be the logits.",
            f"It gives {given}.",
            "Export the model with one of them.",
        )
    layout = f" (layout {spec.output_layout})" if spec.task == "ctc" else ""
    raise InputError(
        f"The output of {title} differs from the spec.",
        f"One image gave {given}, expected numbers with {spec.output_axes} axes, the batch first{layout}.",
        "Correct `task` or `output_layout` in the spec.",
    )


def input_of(model: onnx.ModelProto, title: str) -> onnx.ValueInfoProto:
    """The model's only input.

    Raises:
        InputError: if it has none or several.
    """
    inputs = image_inputs(model)
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise InputError(
            f"{title} has {len(inputs)} inputs ({names}), expected one image.",
            "Others, such as lengths or the text of a decoder, are not known when a line is read.",
            "Export the model with the image as its only input.",
        )
    return inputs[0]
