"""Run the FP32 model over the calibration images and summarise its activations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.execution import quiet_options
from crnn_deploy.quantization.calibration.calibrators import Calibrator, Range
from crnn_deploy.quantization.calibration.histogram import Histogram
from crnn_deploy.runtime.network import Network

Ranges = dict[str, Range]


def observe(
    model: onnx.ModelProto,
    tensors: Sequence[str],
    batches: Iterable[NetworkInput],
    threads: int | None = None,
) -> dict[str, Histogram]:
    """Histogram of each of `tensors` over all batches `[N, C, H, W]`, whose widths may differ.

    Memory holds the activations of one batch at a time.

    Raises:
        InputError: if an activation is not finite.
    """
    options = quiet_options(threads)
    # Without optimisation: an optimised graph no longer has all of these tensors.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    network = Network(_with_outputs(model, tensors), options, "the model")
    computed = [name for name in tensors if name not in network.input_names]

    histograms = {name: Histogram() for name in tensors}
    for images in batches:
        for name, array in network.feeds(images).items():
            if name in histograms:
                _add(histograms, name, array)
        results = network.run(network.filled(images), computed) if computed else []  # no names would mean all outputs
        for name, values in zip(computed, results, strict=True):
            _add(histograms, name, values)
    return histograms


def ranges(histograms: Mapping[str, Histogram], calibrator: Calibrator, symmetric: bool) -> Ranges:
    """The range that INT8 should cover of each tensor, in the tensor's own units."""
    return {name: calibrator(histogram, symmetric) for name, histogram in histograms.items()}


def _with_outputs(model: onnx.ModelProto, tensors: Sequence[str]) -> onnx.ModelProto:
    """A copy of `model` that also returns `tensors`."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    present = {value.name for value in (*model.graph.input, *model.graph.output)}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors if name not in present)
    return watched


def _add(histograms: Mapping[str, Histogram], name: str, values: NDArray[np.floating[Any]]) -> None:
    try:
        histograms[name].observe(values)
    except ValueError as error:
        raise InputError(
            f"The activation {name} is not finite on the calibration images.",
            "The weights are damaged, or overflow on such images.",
            "Evaluate the FP32 model on them first.",
        ) from error
