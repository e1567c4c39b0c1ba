"""Third-party ONNX models of old opsets in the first one that all stages know."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import version_converter

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.onnxruntime import open_network
from crnn_deploy.runtime.trial import trial_images
from crnn_deploy.spec import ModelSpec

OLDEST = 13
"""From here on Squeeze, ReduceSum and others take their axes as inputs, and integers have scales for each channel."""
_ROUNDING = 1e-4


def with_recent_opset(model: onnx.ModelProto, spec: ModelSpec, title: str, progress: Progress) -> onnx.ModelProto:
    """The model in opset 13 at least, where ONNX's converter makes one that computes the same; else `model` itself.

    Raises:
        InputError: if the model itself does not run.
    """
    if opset_of(model) >= OLDEST or any(each.domain for each in model.opset_import):
        return model
    expected = _outputs(model, spec, title)
    try:
        raised = version_converter.convert_version(model, OLDEST)
        got = _outputs(raised, spec, title)
    except (RuntimeError, ValueError, InputError):  # it does not know all operators, and writes graphs that don't run
        return model
    if not all(np.allclose(*pair, _ROUNDING, _ROUNDING) for pair in zip(expected, got, strict=True)):
        return model
    progress.log(f"{title} is of opset {opset_of(model)}; it is raised to {OLDEST}.")
    return raised


def _outputs(model: onnx.ModelProto, spec: ModelSpec, title: str) -> list[NDArray[np.float32]]:
    network = open_network(model, threads=1, title=title)
    return network.try_out(trial_images(spec, network.batch or 1), [output.name for output in model.graph.output])
