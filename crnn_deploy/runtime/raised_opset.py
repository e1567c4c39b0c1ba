"""ONNX models of old opsets in the one that a stage needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import version_converter

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.onnx_graph.simplification import simplify
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.onnxruntime import open_network
from crnn_deploy.runtime.trial import close, trial_batch
from crnn_deploy.spec import ModelSpec

_ROUNDING = 1e-4  # of the largest logit


def with_recent_opset(
    model: onnx.ModelProto, oldest: int, spec: ModelSpec, title: str, progress: Progress = SILENT
) -> onnx.ModelProto:
    """The model in opset `oldest` at least, where ONNX's converter makes one that computes the same; else `model`.

    Raises:
        InputError: if the model itself does not run.
    """
    if opset_of(model) >= oldest or any(each.domain for each in model.opset_import):
        return model
    expected = _outputs(model, spec, title)
    for raised in _conversions(model, oldest):
        try:
            got = _outputs(raised, spec, title)
        except InputError:  # the converter writes graphs that don't run
            continue
        if all(close(*pair, _ROUNDING) for pair in zip(expected, got, strict=True)):
            progress.log(f"{title} is of opset {opset_of(model)}; it is raised to {oldest}.")
            return raised
    return model


def _conversions(model: onnx.ModelProto, opset: int) -> Iterator[onnx.ModelProto]:
    """The model in this opset, and the same after folding constants, among them shapes that the converter breaks."""
    forms: tuple[Callable[[onnx.ModelProto], onnx.ModelProto], ...] = (lambda given: given, simplify)
    for form in forms:
        try:
            yield version_converter.convert_version(form(model), opset)
        except (RuntimeError, ValueError):  # it does not know all operators
            continue


def _outputs(model: onnx.ModelProto, spec: ModelSpec, title: str) -> list[NDArray[np.float32]]:
    network = open_network(model, threads=1, title=title)
    return network.try_out(trial_batch(spec, network.batch or 1), [output.name for output in model.graph.output])
