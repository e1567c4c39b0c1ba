"""`quantize`: an FP32 ONNX artifact becomes one that runs in INT8 on the CPU."""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from pydantic import Field

from crnn_deploy.artifact import Artifact, open_artifact, write_onnx
from crnn_deploy.data import Source, open_source, sample
from crnn_deploy.data.checking import without_broken
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import title
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.export.parity import compare
from crnn_deploy.files import check_output
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.calibrator import CALIBRATORS, CalibratorName
from crnn_deploy.quantization.plan import int8_nodes, tensors_to_calibrate
from crnn_deploy.quantization.preparation import prepare, read_fp32
from crnn_deploy.quantization.qdq import insert_qdq
from crnn_deploy.quantization.ranges import collect_ranges
from crnn_deploy.quantization.realised import realised_precision
from crnn_deploy.quantization.stored_weights import store_weights_as_int8
from crnn_deploy.runtime import Threads, open_session
from crnn_deploy.spec import Frozen, LineageStep, Preprocessing

_LEAST_SAME_TEXT = 0.5  # less is a broken model, whatever the budget says


class QuantizeOptions(Frozen):
    """What determines the quantized file, besides the model and the calibration images."""

    calibrator: CalibratorName = "minmax"
    samples: int = Field(default=300, gt=0, description="calibration images, drawn from the source with the seed")
    seed: int = Field(default=0, ge=0)
    skip_bad: bool = Field(default=False, description="leave broken images out instead of stopping")
    threads: Threads | None = Field(default=None, description="of ONNX Runtime; absent: its own choice")


class QuantizeConfig(QuantizeOptions):
    """One quantization."""

    model: Path
    calib: str
    output: Path
    force: bool = False


def quantize(config: QuantizeConfig, progress: Progress = SILENT) -> Artifact:
    """Quantize an FP32 `.onnx` artifact to INT8 for the CPU, with ranges calibrated on images of any width.

    Dense convolutions and matrix products run in INT8; GRU and LSTM weights are stored in INT8 and run in FP32.

    Raises:
        InputError: if the model is not FP32 ONNX or has nothing to quantize, or the calibration images are none or
            all the same.
        GateError: if ONNX Runtime would run none of it in INT8, or it would read another text more often than not.
    """
    check_output(config.output, config.force, ".onnx")
    parent = open_artifact(config.model)
    model = prepare(read_fp32(parent))
    nodes = int8_nodes(model.graph)
    if not nodes:
        raise InputError(f"{config.model} has nothing to quantize.", "It holds no dense Conv, Gemm or MatMul weights.")
    source = _calibration_images(config, progress)

    ranges = collect_ranges(
        model,
        tensors_to_calibrate(model.graph, nodes),
        progress.track(_images(source, parent.spec.preprocessing), "Calibrating", len(source)),
        CALIBRATORS[config.calibrator](),
        config.threads,
    )
    quantized = insert_qdq(model, nodes, ranges)
    store_weights_as_int8(quantized)
    realised = realised_precision(quantized)
    if not realised.int8:
        raise GateError(f"ONNX Runtime runs nothing of {config.model} in INT8.", f"It runs {realised.fp32} in FP32.")

    same_text = _same_text(parent, quantized, source, config.threads, progress)
    progress.log(f"INT8 reads {same_text:.1%} of {len(source)} calibration images exactly as its parent does.")
    if same_text < _LEAST_SAME_TEXT:
        raise GateError(
            f"INT8 breaks {config.model}: it reads only {same_text:.1%} of the calibration images as its parent does.",
            "Its activations need a wider range than 8 bits span; hard-swish and squeeze-excite are known for that.",
            "Keep the FP32 model, or distil it into mobilenet-v4-gru, which is built for INT8.",
        )
    step = LineageStep(
        stage="quantize",
        options=config.model_dump(include={"calibrator", "samples", "seed", "skip_bad"}),
        parent_sha256=parent.sha256,
        tools={package: importlib.metadata.version(package) for package in ("onnx", "onnxruntime")},
        notes={
            "calibration_images": len(source),
            "same_text": same_text,
            "realised": realised.model_dump(),
        },
    )
    return write_onnx(config.output, quantized, parent.spec.after(step), config.force)


def _calibration_images(config: QuantizeConfig, progress: Progress) -> Source:
    source = open_source(config.calib)
    if len(source) == 0:
        raise InputError(f"{config.calib} holds no images to calibrate with.", fix="Give another source with --calib.")
    if len(source) < config.samples:
        progress.log(f"{config.calib} holds only {len(source)} images; {config.samples} were asked for.")
    chosen, _ = without_broken(sample(source, config.samples, config.seed), config.skip_bad, progress)
    if len(chosen) > 1 and len({chosen.content_hash(index) for index in range(len(chosen))}) == 1:
        raise InputError(
            f"All {len(chosen)} calibration images in {config.calib} are the same.",
            "Ranges of one image don't fit others.",
            "Give images like those that the model will read.",
        )
    return chosen


def _images(source: Source, preprocessing: Preprocessing) -> Iterator[NDArray[np.float32]]:
    """Each image as a batch of its own, `[1, C, H, W]`: on a CPU larger batches are no faster, only larger."""
    preprocessor = Preprocessor(preprocessing)
    for index in range(len(source)):
        yield preprocessor(source.image(index), title(source, index))[np.newaxis]


def _same_text(
    parent: Artifact, quantized: onnx.ModelProto, source: Source, threads: int | None, progress: Progress
) -> float:
    """Share of the calibration images that the quantized model reads as its parent does."""
    images = progress.track(_images(source, parent.spec.preprocessing), "Comparing with the parent", len(source))
    with tempfile.TemporaryDirectory() as folder:
        candidate = write_onnx(Path(folder) / "candidate.onnx", quantized, parent.spec)
        found = compare(open_session(parent, threads), open_session(candidate, threads), images)
    return 1 - found.changed / found.images
