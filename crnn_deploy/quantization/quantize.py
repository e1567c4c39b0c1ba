"""`quantize`: convert an FP32 ONNX artifact to one that runs in INT8."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import onnx

from crnn_deploy.artifact import Artifact, open_artifact, write_onnx
from crnn_deploy.data.checking import tell_unusual_sizes
from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.files import check_output
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.calibrated_model import CalibratedModel, calibrate
from crnn_deploy.quantization.calibration.images import draw_images
from crnn_deploy.quantization.compose_record import compose_record
from crnn_deploy.quantization.config import CalibratorName, QuantizeConfig
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.quantization.rewrite.plan import find_layers
from crnn_deploy.quantization.rewrite.preparation import prepare, read_fp32, require_target
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.quantization.rewrite.scheme import SCHEMES
from crnn_deploy.quantization.search.acceptance import complaint_about
from crnn_deploy.quantization.search.error_rise_cap import ErrorRiseCap
from crnn_deploy.quantization.search.examiner import Examiner
from crnn_deploy.quantization.search.fastest_plan import InterleavedStopwatch, Placement
from crnn_deploy.quantization.search.plan_search import PlanSearch, SearchResult
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.raised_opset import with_recent_opset
from crnn_deploy.spec import LineageStep


@dataclass(frozen=True)
class Quantized:
    """The INT8 artifact, and the record of all that was tried and measured."""

    artifact: Artifact
    record: QuantizationRecord


class RejectedError(GateError):
    """No candidate passed; `quantized` is the best of them, written as `NAME.rejected.onnx`."""

    def __init__(self, what: str, cause: str, fix: str, quantized: Quantized) -> None:
        super().__init__(what, cause, fix)
        self.quantized = quantized


def quantize(config: QuantizeConfig, progress: Progress = SILENT) -> Quantized:
    """Quantize an FP32 `.onnx` artifact to INT8, with ranges calibrated on images of any width, or clips of any length.

    All layers with weights run in INT8, except recurrent layers for targets other than `cpu`, layers that cost more
    accuracy than `max_error_rise` allows and, unless for TensorRT, depthwise convolutions between float layers, small
    heads behind recurrent layers and layers that are slower in INT8 on this machine; the weights of these three are
    stored in INT8 nevertheless. An older `NAME.rejected.onnx` beside the output is removed.

    Raises:
        InputError: if the model is not FP32 ONNX or has no layer to quantize, or the images are too few or all the
            same.
        RejectedError: if no candidate keeps the accuracy budget and is faster than its parent. The best one is then
            written beside the output, as `NAME.rejected.onnx`, and the output is not changed.
    """
    check_output(config.output, config.force, ".onnx", config.model)
    parent = open_artifact(config.model)
    original = read_fp32(parent)
    open_session(parent, config.threads)  # refuses what does not run
    scheme = SCHEMES[config.target]
    original = with_recent_opset(original, scheme.oldest_opset, parent.spec, str(config.model), progress)
    model = prepare(original)
    require_target(model, config.target)
    layers = find_layers(model.graph, config.target)
    if not layers:
        raise InputError(
            f"{config.model} has nothing to quantize.",
            "It holds no Conv, Gemm, MatMul, GRU or LSTM with constant weights.",
            "Keep it as it is.",
        )
    drawn = draw_images(config.data, config, progress, parent.spec)
    for source in drawn:
        tell_unusual_sizes(source, parent.spec, progress)
    calibration, held_out = (NetworkInputs(source, parent.spec.preprocessing) for source in drawn)
    images = progress.track(calibration, "Calibrating", len(calibration))
    calibrated = calibrate(model, config.target, layers, images, config.threads)
    examiner = Examiner(original, parent.spec, held_out, config.threads, progress)
    result = _search(config, original, calibrated, examiner, progress)

    quantized = calibrated.assemble(result.plan, result.calibrator, result.exact)
    realised = realised_precision(quantized) if scheme.in_onnxruntime else None
    temperature = examiner.fitted(quantized)
    record = compose_record(config, calibrated, result, examiner, realised, len(calibration), temperature)
    return _keep(config, quantized, parent, record, complaint_about(config, record, result.accepted))


def _search(
    config: QuantizeConfig,
    original: onnx.ModelProto,
    calibrated: CalibratedModel,
    examiner: Examiner,
    progress: Progress,
) -> SearchResult:
    """The best plan for `config`; in ONNX Runtime, with layers in FP32 where that is faster than in `original`."""
    search = PlanSearch(calibrated, examiner, progress)
    cap = ErrorRiseCap(config.max_error_rise, labelled=examiner.reference == "labels")
    names = get_args(CalibratorName) if config.calibrator == "auto" else (config.calibrator,)
    result = search.keep_cap(search.choose_calibrator(names, cap), cap, config.sensitivity)
    if not result.accepted or not SCHEMES[config.target].in_onnxruntime:
        return result
    image = examiner.images.median()
    placement = Placement(
        original,
        lambda plan: calibrated.assemble(plan, result.calibrator, result.exact),
        InterleavedStopwatch(image),
        image.shape[-1],
        progress,
    )
    return search.place(result, placement, cap, image.shape)


def _keep(
    config: QuantizeConfig,
    quantized: onnx.ModelProto,
    parent: Artifact,
    record: QuantizationRecord,
    complaint: tuple[str, str] | None,
) -> Quantized:
    """Write the model to the output; with a complaint, write it beside the output and raise `RejectedError`."""
    rejected = config.output.with_suffix(f".rejected{config.output.suffix}")
    if complaint is None:
        accepted = _write(config, config.output, quantized, parent, record)
        rejected.unlink(missing_ok=True)
        return accepted
    what, cause = complaint
    best = _write(config, rejected, quantized, parent, record.model_copy(update={"rejected": what}))
    older = f" {config.output} is an older file, left as it was." if config.output.exists() else ""
    raise RejectedError(what, cause, f"The best candidate is kept as {rejected}.{older}", best)


def _write(
    config: QuantizeConfig, output: Path, quantized: onnx.ModelProto, parent: Artifact, record: QuantizationRecord
) -> Quantized:
    """Write the quantized model to `output`; a rejected model always replaces an older one."""
    force = config.force or record.rejected is not None
    spec = parent.spec.after(_step(config, parent, record), temperature=record.temperature or parent.spec.temperature)
    return Quantized(write_onnx(output, quantized, spec, force), record)


def _step(config: QuantizeConfig, parent: Artifact, record: QuantizationRecord) -> LineageStep:
    """The lineage of the file.

    It has no times: where INT8 is clearly faster, so that no layer is placed by measuring, the same inputs give the
    same bytes.
    """
    rise = record.comparison.difference
    notes = {
        "calibrator": record.calibrator,
        "calibration_images": record.calibration_images,
        "held_out_images": record.held_out_images,
        "same_text": round(record.comparison.same_text, 4),
        "error_change": [round(number, 5) for number in (rise.delta, rise.low, rise.high)],
        "fp32_layers": sum(layer.precision == "fp32" for layer in record.layers),
        "temperature": record.temperature,
        "kernel": record.kernel,
        "realised": record.realised and record.realised.model_dump(),
    }
    if record.rejected is not None:
        notes["rejected"] = record.rejected
    return LineageStep(
        stage="quantize",
        options=config.model_dump(
            include={"target", "calibrator", "samples", "held_out", "max_error_rise", "seed", "skip_bad"}
        ),
        parent_sha256=parent.sha256,
        tools={package: importlib.metadata.version(package) for package in ("onnx", "onnxruntime")},
        notes=notes,
    ).reserved(record.reservation)
