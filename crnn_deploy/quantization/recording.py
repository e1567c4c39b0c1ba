"""Turns what a search found into the record that it leaves behind."""

from __future__ import annotations

from crnn_deploy.native import kernel_level
from crnn_deploy.quantization.calibrators import describe
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.plan import Layer, tensors_to_calibrate
from crnn_deploy.quantization.reading import Examiner
from crnn_deploy.quantization.realised import RealisedPrecision
from crnn_deploy.quantization.record import LayerPlacement, QuantizationRecord
from crnn_deploy.quantization.search import Found, Search

_OURS = {"QGRU", "QLSTM"}


def compose_record(
    config: QuantizeConfig,
    found: Found,
    search: Search,
    calibration_images: int,
    examiner: Examiner,
    realised: RealisedPrecision | None,
) -> QuantizationRecord:
    """The record of one quantization; `realised` is None where this machine is not the one that runs the model."""
    kernel = kernel_level() if realised is not None and _OURS & realised.int8.keys() else None
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
        realised=realised.model_dump(include={"int8", "fp32"}) if realised else {"int8": {}, "fp32": {}},
        tensors=tuple(
            describe(name, search.histograms[name], covered[name])
            for name in tensors_to_calibrate(search.model.graph, chosen)
        ),
    )


def _placement(layer: Layer, found: Found, search: Search, kernel: str | None, measured: bool) -> LayerPlacement:
    if layer.name in found.plan:
        waiting = measured and layer.recurrent and kernel is None
        reason = "stored in INT8; runs in FP32 without the compiled kernels" if waiting else ""
        return LayerPlacement(layer=layer.name, op=layer.op, precision="int8", reason=reason)
    default = "" if layer.name in search.first else "depthwise between float layers"
    return LayerPlacement(
        layer=layer.name, op=layer.op, precision="fp32", reason=found.reasons.get(layer.name, default)
    )
