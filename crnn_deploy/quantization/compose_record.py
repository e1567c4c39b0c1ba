"""The record of a quantization, from the result of its search."""

from __future__ import annotations

import onnx
from onnx import TensorProto

from crnn_deploy.native import kernel_level
from crnn_deploy.onnx_graph.operators import OWN_RECURRENT, RECURRENT
from crnn_deploy.quantization.calibrated_model import CalibratedModel
from crnn_deploy.quantization.calibration.calibrators import describe
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.record import LayerPlacement, QuantizationRecord
from crnn_deploy.quantization.rewrite.plan import Layer, tensors_to_calibrate
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision
from crnn_deploy.quantization.rewrite.recurrent import obstacle
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.quantization.search.plan_search import SearchResult


def compose_record(
    config: QuantizeConfig,
    calibrated: CalibratedModel,
    result: SearchResult,
    examiner: Examiner,
    realised: RealisedPrecision | None,
    calibration_images: int,
    temperature: float | None,
) -> QuantizationRecord:
    """The record of one quantization; `realised` is None where this machine is not the one that runs the model."""
    in_int8 = () if realised is None else realised.int8
    kernel = kernel_level() if any(op in in_int8 for op in OWN_RECURRENT) else None
    chosen = [layer for layer in calibrated.layers if layer.name in result.plan]
    covered = calibrated.ranges(result.calibrator)
    return QuantizationRecord(
        target=config.target,
        calibrator=result.calibrator,
        reference=examiner.reference,
        figure=examiner.figure,
        calibration_images=calibration_images,
        held_out_images=result.comparison.images,
        comparison=result.comparison,
        temperature=temperature,
        max_error_rise=config.max_error_rise,
        trials=result.trials,
        sensitivity=result.sensitivity,
        layers=_placements(calibrated, result, kernel),
        speed=result.speed,
        kernel=kernel,
        realised=realised,
        tensors=tuple(
            describe(name, calibrated.histograms[name], covered[name])
            for name in tensors_to_calibrate(calibrated.model.graph, chosen)
        ),
    )


def _placements(calibrated: CalibratedModel, result: SearchResult, kernel: str | None) -> tuple[LayerPlacement, ...]:
    """Where each layer runs; recurrent layers on a CPU run in INT8 only where there is a `kernel`."""

    def placement(layer: Layer) -> LayerPlacement:
        if layer.name not in result.plan:
            reason = result.reasons.get(layer.name, layer.slower)
        elif layer.recurrent and kernel is None:
            reason = "stored in INT8, but there are no kernels for it here"
        else:
            return LayerPlacement(layer=layer.name, op=layer.op, precision="int8")
        return LayerPlacement(layer=layer.name, op=layer.op, precision="fp32", reason=reason)

    return (*map(placement, calibrated.layers), *_kept_recurrences(calibrated))


def _kept_recurrences(calibrated: CalibratedModel) -> tuple[LayerPlacement, ...]:
    """Recurrent layers that no plan for ONNX Runtime can have in INT8, with the reason: users expect them there."""
    scheme = SCHEMES[calibrated.target]
    if not scheme.in_onnxruntime:
        return ()
    graph = calibrated.model.graph
    constants = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    known = {layer.name for layer in calibrated.layers}

    def reason(node: onnx.NodeProto) -> str:
        return obstacle(node, constants) if scheme.recurrent else "standard ONNX has no INT8 form of it"

    return tuple(
        LayerPlacement(layer=node.name, op=node.op_type, precision="fp32", reason=reason(node))
        for node in graph.node
        if node.op_type in RECURRENT and node.name not in known
    )
