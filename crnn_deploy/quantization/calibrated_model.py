"""An FP32 graph with the observed ranges of its activations: what every INT8 form of it is assembled from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import onnx

from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.quantization.calibration.calibrators import CALIBRATORS
from crnn_deploy.quantization.calibration.histogram import Histogram
from crnn_deploy.quantization.calibration.observation import Ranges, observe, ranges
from crnn_deploy.quantization.config import CalibratorName, Target
from crnn_deploy.quantization.rewrite.assembly import assemble
from crnn_deploy.quantization.rewrite.plan import Layer, Plan, first_plan, tensors_to_calibrate
from crnn_deploy.quantization.rewrite.scheme import SCHEMES


@dataclass(frozen=True)
class CalibratedModel:
    """A prepared FP32 graph, the layers that could run in INT8 on `target`, and histograms of their activations."""

    model: onnx.ModelProto
    target: Target
    layers: tuple[Layer, ...]
    histograms: Mapping[str, Histogram]
    """Of the tensors that `tensors_to_calibrate` names."""
    _ranges: dict[CalibratorName, Ranges] = field(default_factory=dict, init=False, repr=False, compare=False)

    def first_plan(self) -> Plan:
        """The layers to try in INT8 before anything is measured."""
        return first_plan(self.layers)

    def ranges(self, calibrator: CalibratorName) -> Ranges:
        """The range of each tensor that INT8 covers, in the tensor's own units."""
        if calibrator not in self._ranges:
            self._ranges[calibrator] = ranges(self.histograms, CALIBRATORS[calibrator], SCHEMES[self.target].symmetric)
        return self._ranges[calibrator]

    def assemble(self, plan: Plan, calibrator: CalibratorName, exact: Plan = frozenset()) -> onnx.ModelProto:
        """The model of a plan; weights of the layers in `exact` stay FP32."""
        return assemble(self.model, plan, self.ranges(calibrator), self.target, exact)


def calibrate(
    model: onnx.ModelProto,
    target: Target,
    layers: tuple[Layer, ...],
    images: Iterable[NetworkInput],
    threads: int | None = None,
) -> CalibratedModel:
    """Run a prepared FP32 graph over the calibration images `[N, C, H, W]` and observe its activations.

    Raises:
        InputError: if an activation is not finite.
    """
    tensors = tensors_to_calibrate(model.graph, layers)
    return CalibratedModel(model, target, layers, observe(model, tensors, images, threads))
