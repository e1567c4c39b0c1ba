"""`quantize`: an FP32 ONNX artifact becomes one that runs in INT8."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import get_args

from crnn_deploy.artifact import Artifact, open_artifact, write_onnx
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.files import check_output
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.budget import Budget
from crnn_deploy.quantization.calibrators import CalibratorName
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.images import Images, draw_images
from crnn_deploy.quantization.observation import observe
from crnn_deploy.quantization.placement import InterleavedStopwatch, Placement
from crnn_deploy.quantization.plan import find_layers, tensors_to_calibrate
from crnn_deploy.quantization.preparation import prepare, read_fp32
from crnn_deploy.quantization.reading import Examiner
from crnn_deploy.quantization.realised import realised_precision
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.quantization.recording import compose_record
from crnn_deploy.quantization.search import Search
from crnn_deploy.quantization.verdict import complaint_about
from crnn_deploy.spec import LineageStep


@dataclass(frozen=True)
class Quantized:
    """The file that was made, and all that led to it."""

    artifact: Artifact
    record: QuantizationRecord


class RejectedError(GateError):
    """No candidate passed; `quantized` is the best one, under a name that says so."""

    def __init__(self, what: str, cause: str, fix: str, quantized: Quantized) -> None:
        super().__init__(what, cause, fix)
        self.quantized = quantized


def quantize(config: QuantizeConfig, progress: Progress = SILENT) -> Quantized:
    """Quantize an FP32 `.onnx` artifact to INT8, with ranges calibrated on images of any width.

    All layers with weights run in INT8 but those that cost more accuracy than the budget allows and, on a CPU, those
    that are slower in INT8 on this machine, whose weights are stored in INT8 all the same.

    Raises:
        InputError: if the model is not FP32 ONNX or has no layer to quantize, or the images are too few or all the
            same.
        RejectedError: if no candidate keeps the accuracy budget and is faster than its parent. The best one lies beside
            the output then, as `NAME.rejected.onnx`.
    """
    check_output(config.output, config.force, ".onnx")
    parent = open_artifact(config.model)
    original = read_fp32(parent)
    model = prepare(original)
    layers = find_layers(model.graph, config.target)
    if not layers:
        raise InputError(
            f"{config.model} has nothing to quantize.",
            "It holds no Conv, Gemm, MatMul, GRU or LSTM with constant weights.",
            "Keep it as it is.",
        )
    calibration, held_out = (
        Images(source, parent.spec.preprocessing)
        for source in draw_images(config.calib, config.samples, config.held_out, config.seed, config.skip_bad, progress)
    )
    histograms = observe(
        model,
        tensors_to_calibrate(model.graph, layers),
        progress.track(calibration, "Calibrating", len(calibration)),
        config.threads,
    )
    examiner = Examiner(original, parent.spec, held_out, config.threads, progress)
    search = Search(model, config.target, layers, histograms, examiner, progress)
    budget = Budget(None if config.max_drop is None else config.max_drop / 100)
    names = get_args(CalibratorName) if config.calibrator == "auto" else (config.calibrator,)

    found = search.keep_budget(search.calibrate(names), budget, config.sensitivity)
    if found.accepted and config.target == "cpu":
        image = held_out.median()
        placement = Placement(
            original,
            lambda plan: search.assemble(plan, found.calibrator, found.exact),
            InterleavedStopwatch(image),
            image.shape[3],
            progress,
        )
        found = search.place(found, placement, budget, image.shape)

    quantized = search.assemble(found.plan, found.calibrator, found.exact)
    realised = realised_precision(quantized) if config.target == "cpu" else None
    record = compose_record(config, found, search, len(calibration), examiner, realised)
    complaint = complaint_about(config, record, found.accepted, realised)
    output = config.output if complaint is None else config.output.with_suffix(f".rejected{config.output.suffix}")
    step = _lineage_step(config, parent, record, complaint)
    artifact = write_onnx(output, quantized, parent.spec.after(step), force=config.force or complaint is not None)
    made = Quantized(artifact, record)
    if complaint is not None:
        raise RejectedError(*complaint, f"The best candidate is kept as {output}.", made)
    return made


def _lineage_step(
    config: QuantizeConfig, parent: Artifact, record: QuantizationRecord, complaint: tuple[str, str] | None
) -> LineageStep:
    """What the file tells of its making. Nothing in it was timed, so that the same inputs give the same bytes."""
    notes = {
        "calibrator": record.calibrator,
        "calibration_images": record.calibration_images,
        "held_out_images": record.held_out_images,
        "same_text": round(record.reading.same_text, 4),
        "error_change": [round(number, 5) for number in record.reading.change.model_dump().values()],
        "fp32_layers": sum(layer.precision == "fp32" for layer in record.layers),
        "kernel": record.kernel,
        "realised": record.realised,
    }
    if complaint is not None:
        notes["rejected"] = complaint[0]
    return LineageStep(
        stage="quantize",
        options=config.model_dump(
            include={"target", "calibrator", "samples", "held_out", "max_drop", "seed", "skip_bad"}
        ),
        parent_sha256=parent.sha256,
        tools={package: importlib.metadata.version(package) for package in ("onnx", "onnxruntime")},
        notes=notes,
    )
