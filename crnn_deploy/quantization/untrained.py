"""INT8 of a network that nobody has trained yet: for its speed and its size, which don't depend on the weights."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS
from crnn_deploy.quantization.calibration.observation import observe, ranges
from crnn_deploy.quantization.rewrite.assembly import assemble
from crnn_deploy.quantization.rewrite.plan import Plan, find_layers, first_plan, tensors_to_calibrate
from crnn_deploy.quantization.rewrite.preparation import prepare
from crnn_deploy.quantization.search.fastest_plan import InterleavedStopwatch, Placement, choices_of


def quantize_untrained(
    model: onnx.ModelProto, image: NDArray[np.float32], progress: Progress = SILENT
) -> onnx.ModelProto:
    """The INT8 model that `quantize` would make of `model` for a CPU, if all layers kept its accuracy budget.

    Its layers run where they are fastest on this machine, which is measured. What it reads means nothing.

    Args:
        model: FP32.
        image: to calibrate on and to measure with, `[1, C, H, W]`.
    """
    prepared = prepare(model)
    graph = prepared.graph
    layers = find_layers(graph, "cpu")
    histograms = observe(prepared, tensors_to_calibrate(graph, layers), [image])
    covered = ranges(histograms, CALIBRATORS["minmax"], symmetric=False)

    def assembled(plan: Plan) -> onnx.ModelProto:
        return assemble(prepared, plan, covered, "cpu")

    first = first_plan(graph, layers, "cpu")
    placement = Placement(model, assembled, InterleavedStopwatch(image), image.shape[3], progress)
    plan, _ = placement.fastest(first, choices_of(first, prepared, layers, image.shape))
    return assembled(plan)
