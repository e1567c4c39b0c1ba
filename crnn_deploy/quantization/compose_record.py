"""Turns what a search found into the record that it leaves behind."""

from __future__ import annotations

from crnn_deploy.native import kernel_level
from crnn_deploy.onnx_graph.operators import QUANTIZED_RECURRENT
from crnn_deploy.quantization.calibration.calibrators import describe
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.record import LayerPlacement, QuantizationRecord
from crnn_deploy.quantization.rewrite.plan import Layer, tensors_to_calibrate
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.quantization.search.plan_search import Found, PlanSearch


def compose_record(
    config: QuantizeConfig,
    found: Found,
    search: PlanSearch,
    calibration_images: int,
    examiner: Examiner,
    realised: RealisedPrecision | None,
) -> QuantizationRecord:
    """The record of one quantization; `realised` is None where this machine is not the one that runs the model."""
    kernel = (
        kernel_level() if realised is not None and set(QUANTIZED_RECURRENT.values()) & realised.int8.keys() else None
    )
    chosen = [layer for layer in search.layers if layer.name in found.plan]
    covered = search.ranges(found.calibrator)
    return QuantizationRecord(
        target=config.target,
        calibrator=found.calibrator,
        reference=examiner.reference,
        figure=examiner.figure,
        calibration_images=calibration_images,
        held_out_images=examiner.images,
        reading=found.reading,
        max_drop=None if config.max_drop is None else config.max_drop / 100,
        trials=found.trials,
        sensitivity=found.sensitivity,
        layers=tuple(_placement(layer, found, search, kernel, config.target == "cpu") for layer in search.layers),
        speed=found.speed,
        kernel=kernel,
        realised=realised,
        tensors=tuple(
            describe(name, search.histograms[name], covered[name])
            for name in tensors_to_calibrate(search.model.graph, chosen)
        ),
    )


def _placement(layer: Layer, found: Found, search: PlanSearch, kernel: str | None, measured: bool) -> LayerPlacement:
    if layer.name not in found.plan:
        default = "" if layer.name in search.first else "depthwise between float layers"
        reason = found.reasons.get(layer.name, default)
    elif measured and layer.recurrent and kernel is None:
        reason = "stored in INT8, but there are no kernels for it here"
    else:
        return LayerPlacement(layer=layer.name, op=layer.op, precision="int8")
    return LayerPlacement(layer=layer.name, op=layer.op, precision="fp32", reason=reason)
