"""How fast, how small and how accurate are whole models in INT8: ours, ONNX Runtime's own, and OpenVINO's?

Each FP32 artifact is quantized by `quantize` and by ONNX Runtime's `quantize_static`; all variants then run in turns in
one process. Models with random weights (`--random`) are timed on a line of 100×32 pixels and read nothing.

    python benchmarks/bench_int8.py teacher.onnx student.onnx --random vgg-bigru mobilenet-v3-gru \\
        --calib train.tar --data val.tar -o benchmarks/results/int8
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from int8_tables import EXPLANATION, describe, overview
from numpy.typing import NDArray
from peers import OpenVinoSession, Shape, openvino_version, quantize_stock
from quantized_anyway import quantized_anyway
from random_models import FAMILIES, random_artifact
from side_by_side import decibels, paired_medians, variable, write_results

from crnn_deploy.artifact import Artifact, open_artifact, read_onnx
from crnn_deploy.benchmark.inputs import Bucket, batch_input, data_buckets, distinct_labels, synthetic_bucket
from crnn_deploy.data.batching import batches
from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import difference_interval
from crnn_deploy.evaluation.metrics import exact_matches, text_ratios
from crnn_deploy.evaluation.references import reference_texts
from crnn_deploy.native import LIBRARY_VARIABLE
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.reading.decoding import decode
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.runtime.session import Session

PARENT, STOCK, OURS, BODY = "ORT FP32", "ORT quantize_static", "ours", "ours without its library"
OPENVINO, OPENVINO_DEFAULT, OPENVINO_INT8 = "OpenVINO FP32", "OpenVINO, its choice", "OpenVINO INT8"
BUCKETS = ("median", "wide", "100x32")
RESAMPLES = 1000


@dataclass(frozen=True)
class Variant:
    """A file, and how it is run: `open` takes threads and the shape of the inputs to come, -1 for any width."""

    file: Artifact
    open: Callable[[int, Shape], Session]
    realised: str


def main() -> int:
    options = parse_options()
    logging.disable(logging.WARNING)  # ONNX Runtime's quantizer repeats its advice for every model
    with tempfile.TemporaryDirectory() as folder:
        given = [(open_artifact(path), True) for path in options.models]
        given += [(random_artifact(family, Path(folder)), False) for family in options.random]
        models = [measure(model, options, Path(folder), trained) for model, trained in given]
    settings = {name: value for name, value in vars(options).items() if name not in ("models", "output")}
    version = openvino_version()
    blocks = [EXPLANATION, overview(models), *map(describe, models)]
    write_results(
        options.output, "Whole models in INT8", blocks, models, settings, {"openvino": version} if version else {}
    )
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, help="FP32 .onnx artifacts")
    parser.add_argument("--random", nargs="+", default=[], choices=FAMILIES, help="networks with random weights")
    parser.add_argument("--calib", required=True, metavar="SOURCE", help="images to calibrate on")
    parser.add_argument("--data", metavar="SOURCE", help="other images, to read and to take widths from")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    parser.add_argument("--samples", type=int, default=300, help="images to calibrate on")
    parser.add_argument("--images", type=int, default=200, help="images to read")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    parser.add_argument("--rounds", type=int, default=200, help="most rounds of one setting")
    parser.add_argument("--seconds", type=float, default=0.4, help="half the time for one variant in one setting")
    return parser.parse_args()


def measure(model: Artifact, options: argparse.Namespace, folder: Path, trained: bool) -> dict[str, Any]:
    """Everything about one model: its variants' sizes, speeds and texts, and which variants failed."""
    report(f"{model.path.stem}: quantizing")
    variants, notes = make_variants(model, options, folder)
    data = open_source(options.data) if options.data and trained else None
    found = findings(model.path.stem, variants, model, data, options)
    return {"model": model.path.stem, "trained": trained, "variants": found, "notes": notes}


def findings(
    name: str, variants: dict[str, Variant], model: Artifact, data: Source | None, options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    """Size, precision and speed of each variant and, where there are images, what it reads in them."""
    report(f"{name}: timing {', '.join(variants)}")
    found: dict[str, dict[str, Any]] = {
        key: {"bytes": variant.file.size_bytes, "realised": variant.realised, "latency": {}}
        for key, variant in variants.items()
    }
    for setting, timed in latencies(variants, model, data, options).items():
        for key, row in timed.items():
            found[key]["latency"][setting] = row
    if data is not None:
        report(f"{name}: reading")
        for key, reading in readings(variants, sample(data, options.images, seed=0), options.threads[0]).items():
            found[key].update(reading)
    return found


def make_variants(
    model: Artifact, options: argparse.Namespace, folder: Path
) -> tuple[dict[str, Variant], dict[str, str]]:
    """Variants by name, and what is to be said about them or those that could not be made."""
    variants, notes = {PARENT: onnxruntime_variant(model)}, {}
    own = folder / f"{model.path.stem}.int8.onnx"
    config = QuantizeConfig(
        model=model.path, data=options.calib, output=own, samples=options.samples, threads=1, force=True
    )
    done, rejection = quantized_anyway(config)
    ours = done.artifact
    if rejection is not None:
        notes[OURS] = str(rejection)

    def stock() -> Variant:
        images = NetworkInputs(sample(open_source(options.calib), options.samples, seed=0), model.spec.preprocessing)
        return onnxruntime_variant(quantize_stock(model, images, folder))

    makers: dict[str, Callable[[], Variant]] = {
        STOCK: stock,
        OURS: lambda: onnxruntime_variant(ours),
        BODY: lambda: onnxruntime_variant(ours, library=""),
        OPENVINO: lambda: openvino_variant(model, "f32"),
        OPENVINO_DEFAULT: lambda: openvino_variant(model, None),
        OPENVINO_INT8: lambda: openvino_variant(variants[STOCK].file, None),
        f"{OPENVINO_INT8}, our file": lambda: openvino_variant(ours, None),
    }
    for name, make in makers.items():
        try:
            variants[name] = make()
        except Exception as error:  # whatever another's tool raises is a result
            notes[name] = f"{type(error).__name__}: {error}"
    return variants, notes


def onnxruntime_variant(artifact: Artifact, library: str | None = None) -> Variant:
    """A file in ONNX Runtime; `library` stands for our custom-op library, empty for none."""

    def start(threads: int, _: Shape) -> Session:
        with variable(LIBRARY_VARIABLE, library):
            return OnnxRuntimeSession(artifact, threads)

    with variable(LIBRARY_VARIABLE, library):
        realised = realised_precision(read_onnx(artifact.path))
    kinds = {"int8": realised.int8, "fp32": realised.fp32}
    listed = [f"{count} × {op} {kind}" for kind, ops in kinds.items() for op, count in ops.items()]
    return Variant(artifact, start, ", ".join([*listed, f"{realised.conversions} × Q/DQ"]))


def openvino_variant(artifact: Artifact, precision: str | None) -> Variant:
    def start(threads: int, shape: Shape) -> Session:
        return OpenVinoSession(artifact, threads, precision, shape)

    return Variant(artifact, start, OpenVinoSession(artifact, 1, precision).realised())


def latencies(
    variants: Mapping[str, Variant], model: Artifact, data: Source | None, options: argparse.Namespace
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Setting → variant → median milliseconds of a batch, and how close the very logits that are timed are to FP32."""
    preprocessor = Preprocessor(model.spec.preprocessing)
    buckets = [synthetic_bucket()] if data is None else data_buckets(data, max(options.batches))
    shown = [bucket for bucket in buckets if bucket.label in BUCKETS]
    labels = distinct_labels(shown, preprocessor)
    found = {}
    for threads in options.threads:
        for bucket in (bucket for bucket in shown if bucket.label in labels):
            for batch in options.batches:
                images = batch_input(bucket, preprocessor, batch)
                sessions = {name: variant.open(threads, images.shape) for name, variant in variants.items()}
                found[setting_name(bucket, batch, threads, images)] = side_by_side(sessions, images, options)
    return found


def side_by_side(
    sessions: Mapping[str, Session], images: NDArray[np.float32], options: argparse.Namespace
) -> dict[str, dict[str, float | None]]:
    logits = {name: session.run(images).copy() for name, session in sessions.items()}
    acts = [partial(session.run, images) for session in sessions.values()]
    times = paired_medians(acts, options.rounds, options.seconds)
    return {
        name: {"ms": after_itself, "ms_after_others": after_others, "snr_db": decibels(logits[PARENT], logits[name])}
        for name, (after_others, after_itself) in zip(sessions, times, strict=True)
    }


def setting_name(bucket: Bucket, batch: int, threads: int, images: NDArray[np.float32]) -> str:
    line = bucket.label if "x" in bucket.label else f"{bucket.label} {images.shape[3]} px"
    return f"{line}, batch {batch}, {threads} thread{'s' if threads > 1 else ''}"


def readings(variants: Mapping[str, Variant], source: Source, threads: int) -> dict[str, dict[str, Any]]:
    """Agreement of each variant's texts with the parent's and, where there are labels, the change of the CER."""
    preprocessing = variants[PARENT].file.spec.preprocessing
    shape = (1, preprocessing.channel_count, preprocessing.height, -1)
    texts = {name: read(variant.open(threads, shape), source) for name, variant in variants.items()}
    references = labels_of(source, variants[PARENT].file)
    found: dict[str, dict[str, Any]] = {
        name: {"images": len(source), "same_text": exact_matches(texts[PARENT], texts[name]).value} for name in texts
    }
    if references is not None:
        errors = {name: text_ratios(references, texts[name])["cer_ci"] for name in texts}
        for name, error in errors.items():
            low, high = difference_interval(error, errors[PARENT], RESAMPLES, seed=0)
            found[name] |= {"cer_ci": error.value, "change": [error.value - errors[PARENT].value, low, high]}
    return found


def read(session: Session, source: Source) -> list[str]:
    """Text of each image, in the order of the source."""
    texts: dict[int, str] = {}
    for batch in batches(source, Preprocessor(session.spec.preprocessing), 1):
        texts |= zip(batch.indices, decode(session.run(batch.images), session.spec), strict=True)
    return [texts[index] for index in range(len(source))]


def labels_of(source: Source, model: Artifact) -> list[str] | None:
    if model.spec.task != "ctc":
        return None
    try:
        return reference_texts(source, model.spec)
    except InputError:
        return None


def report(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
