"""INT8 of an untrained network: its speed and size don't depend on the weights."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.calibrated_model import calibrate
from crnn_deploy.quantization.rewrite.plan import Plan, find_layers
from crnn_deploy.quantization.rewrite.preparation import prepare
from crnn_deploy.quantization.search.fastest_plan import InterleavedStopwatch, Placement, choices_of


def quantize_untrained(
    model: onnx.ModelProto, image: NDArray[np.float32], progress: Progress = SILENT
) -> onnx.ModelProto:
    """The INT8 model that `quantize` would make of `model` for a CPU, if all layers kept its accuracy budget.

    Each layer runs in the arithmetic that is faster on this machine, which is measured. Its outputs are meaningless.

    Args:
        model: FP32.
        image: to calibrate on and to measure with, `[1, C, H, W]`.
    """
    prepared = prepare(model)
    calibrated = calibrate(prepared, "cpu", find_layers(prepared.graph, "cpu"), [image])

    def assemble(plan: Plan) -> onnx.ModelProto:
        return calibrated.assemble(plan, "minmax")

    first = calibrated.first_plan()
    placement = Placement(model, assemble, InterleavedStopwatch(image), image.shape[-1], progress)
    plan, _ = placement.fastest(first, choices_of(first, prepared, calibrated.layers, image.shape))
    return assemble(plan)
