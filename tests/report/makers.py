"""Makers of variants and reports with invented, easily recognised figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crnn_deploy.benchmark.measured import Latency
from crnn_deploy.benchmark.reading_cost import ReadingCost, WidthTime
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.environment import Environment
from crnn_deploy.evaluation.character_errors import CharacterError
from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.evaluation.grouped import ErrorGroup
from crnn_deploy.evaluation.rejection import Rejection
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts
from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.report import Comparison, ExampleLine, Report, TrainingPoint
from crnn_deploy.report.run.variant import Gate, Variant
from crnn_deploy.report.run.wrong import WrongReading
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer, EngineManifest

JPEG = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="  # noqa: E501, a pixel
PIXEL = "data:image/png;base64,iVBORw0KGgo="
MACHINE = Environment(
    processor="Example CPU", cores=4, memory_bytes=16_000_000_000, instruction_sets=("avx2", "avx512_vnni"),
    platform="Linux-6.1-x86_64", python="3.12.1", packages={"torch": "2.8.0", "onnxruntime": "1.22.0"},
    providers=("CPUExecutionProvider",), gpus=(), tensorrt={}, compilers=(),
)  # fmt: skip


def latency(p50: float, runtime: str = "onnxruntime", **changes: Any) -> Latency:
    figures = {"threads": 1, "batch": 1, "width": 80, "bucket": "median", "rounds": 200}
    figures |= {"p50_ms": p50, "p90_ms": 1.25 * p50, "p99_ms": 1.5 * p50, "preprocess_ms": 0.3, "decode_ms": 0.1}
    return Latency(runtime=runtime, **figures | changes)


def accuracy(cer: float) -> Accuracy:
    """Of a reader of text: its case-insensitive CER is `cer`, everything else follows."""
    figures = {"cer": cer + 0.01, "cer_ci": cer, "word_accuracy": 0.6 - cer, "word_accuracy_ci": 0.7 - cer}
    return Accuracy(**figures, ci95={name: (v - 0.004, v + 0.004) for name, v in figures.items()}, count=891)


def top1(value: float) -> Accuracy:
    return Accuracy(top1=value, ci95={"top1": (value - 0.002, value + 0.002)}, count=10_000)


def reading_cost(p50: float, **changes: Any) -> ReadingCost:
    """Of lines that are from one to twelve times as wide as high; all else follows from the median."""
    widths = [(1.0, 2.9), (3.0, 4.9), (5.0, 12.0)]
    groups = [
        WidthTime(narrowest=low, widest=high, lines=10, p50_ms=p50 * (number + 1) / 2)
        for number, (low, high) in enumerate(widths)
    ]
    figures: dict[str, Any] = {"p50_ms": p50, "p90_ms": 1.25 * p50, "p99_ms": 1.5 * p50, "cpu_ms": p50}
    figures |= {"lines_per_second": 1500 / p50, "cores": 4, "first_line_seconds": 0.45, "peak_bytes": 98_000_000}
    return ReadingCost(**{"lines": 30, "by_width": tuple(groups), **figures, **changes})


def errors_of(name: str, wrong: int = 3, images: int = 891) -> Errors:
    """Errors of every kind; the wrong readings are numbered, and the first of them has a picture."""
    groups = tuple(
        ErrorGroup(lowest=n, highest=n + 1, images=80, error=n / 20, low=n / 25, high=n / 15) for n in (1, 3, 5)
    )
    characters = (("0", "o", 9, 40), (" ", "", 5, 200), ("", "<", 2, 0))
    return Errors(
        variant=name, images=images, wrong_images=wrong, by_width=groups, by_length=groups,
        characters=tuple(
            CharacterError(reference=true, read=read, count=count, occurrences=of)
            for true, read, count, of in characters
        ),
        rejections=tuple(
            Rejection(threshold=share, rejected=share, error=0.1 * (1 - share), wrong=0.4 * (1 - share), caught=share)
            for share in (0.0, 0.1, 0.25, 0.5)
        ),
        wrong=tuple(
            WrongReading(
                item=f"{n}.png", reference=f"line {n}", text=f"1ine {n}", errors=1 + n % 3,
                confidence=0.5 + n / (2 * wrong), aspect=2.0 + n % 7, image="" if n else JPEG,
            )
            for n in range(wrong)
        ),
    )  # fmt: skip


def variant(name: str, status: str = "passed", reason: str = "", **changes: Any) -> Variant:
    facts: dict[str, Any] = {
        "stage": "import" if status == "baseline" else "distill",
        "path": f"{name}.onnx",
        "format": "onnx",
        "precision": "fp32",
    }
    facts |= {"size_bytes": 1_000_000, "parameters": 721_000, "macs": 80_000_000}
    return Variant(name=name, gate=Gate.model_validate({"status": status, "reason": reason}), **facts | changes)


def engine_layers(counts: Iterable[Mapping[str, Any]]) -> tuple[EngineLayer, ...]:
    """As many layers of each kind and precision as `counts` says."""
    return tuple(
        EngineLayer(name=f"{count['kind']} {n}", kind=count["kind"], precision=count["precision"])
        for count in counts
        for n in range(count["count"])
    )


def engine_manifest(layers: Iterable[Mapping[str, Any]] = (), **changes: Any) -> EngineManifest:
    """Of an FP16 engine with the plugin; `layers` are counts of them."""
    facts: dict[str, Any] = {
        "precision": "fp16", "flavor": "tensorrt-rtx", "version": "1.7.1", "compute_capabilities": ("sm86", "sm89"),
        "profiles": (
            {"min": (1, 1, 32, 16), "opt": (16, 1, 32, 96), "max": (16, 1, 32, 356)},
            {"min": (1, 1, 32, 360), "opt": (1, 1, 32, 360), "max": (1, 1, 32, 1024)},
        ),
        "plugin": {"name": "CrnnGru", "version": "1", "library_sha256": "0", "embedded": True},
        "input_name": "images", "output_name": "logits", "engine_sha256": "0", "lowered_sha256": "1",
        "parent_sha256": "2", "parameters": 721_000, "macs": 80_000_000, "macs_input": (1, 1, 32, 100),
        "layers": engine_layers(layers),
    }  # fmt: skip
    return EngineManifest.model_validate(facts | changes)


def engine_record(**changes: Any) -> EngineRecord:
    """Of an FP16 engine whose GRU runs in the plugin; `changes` are to the record or to its manifest."""
    of_manifest = {name: changes.pop(name) for name in [*changes] if name in EngineManifest.model_fields}
    counts = of_manifest.pop("layers", (
        {"kind": "pointwise", "precision": "fp32", "count": 3},
        {"kind": "pointwise", "precision": "fp16", "count": 1},
        {"kind": "convolution", "precision": "fp16", "count": 14},
        {"kind": "plugin", "precision": "fp16", "count": 2},
    ))  # fmt: skip
    facts: dict[str, Any] = {
        "manifest": engine_manifest(counts, **of_manifest),
        "recurrent": tuple(
            {"name": f"gru{n}", "op": "GRU", "hidden": 96, "directions": 2, "home": "plugin"} for n in (1, 2)
        ),
        "parity": {"precision": "fp16", "form": "rounded", "images": 200, "changed": 1, "not_finite": 0,
                   "relative_difference": 0.001, "noise_db": 50.0, "error": 0.001,
                   "difference": {"figure": "cer_ci", "delta": 0.001, "low": 0.0, "high": 0.003},
                   "max_difference": 0.01},
        "plugin_bytes": 2_000_000, "engine_bytes": 4_000_000, "model_bytes": 3_000_000, "seconds": 0.5,
        "timing_cache": "none", "log": "engine.log",
    }  # fmt: skip
    return EngineRecord.model_validate(facts | changes)


def make_report(*variants: Variant, **more: Any) -> Report:
    """A report of nothing but the variants given, and whatever else a test adds."""
    return Report(title="small reader", environment=MACHINE, variants=variants, **more)


def example(item: str, reference: str, **readings: str) -> ExampleLine:
    """What each variant read; `_` in a variant's name stands for `-`."""
    named = {name.replace("_", "-"): text for name, text in readings.items()}
    return ExampleLine(item=item, reference=reference, image=PIXEL, readings=named)


def full_report() -> Report:
    """A run in which everything happened: two students passed, a smaller one was rejected, an engine could not run."""
    return make_report(
        variant("baseline", "baseline", stage="import", format="safetensors", path="baseline.safetensors",
                size_bytes=15_100_000, accuracy=accuracy(0.15), latency=(latency(40.0, "torch"),)),
        variant("baseline-onnx", "baseline", stage="export", size_bytes=15_000_000, accuracy=accuracy(0.15),
                latency=(latency(20.0), latency(31.0, bucket="wide", width=160), latency(140.0, batch=8)),
                reading=reading_cost(22.0)),
        variant("student", reason="CER 14.00 %, at most 15.50 %", size_bytes=3_000_000, accuracy=accuracy(0.14),
                latency=(latency(2.0), latency(3.1, bucket="wide", width=160), latency(14.0, batch=8)),
                reading=reading_cost(2.5)),
        variant("student-int8", reason="CER rose by 0.50 points, at most 1", stage="quantize", precision="int8+fp32",
                size_bytes=800_000, accuracy=accuracy(0.145), latency=(latency(1.0), latency(7.0, batch=8)),
                reading=reading_cost(1.2)),
        variant("tiny-int8", "rejected", "CER 31.00 %, at most 15.50 %", stage="quantize", precision="int8",
                size_bytes=200_000, accuracy=accuracy(0.31), latency=(latency(0.5),)),
        variant("engine-fp16", "unproven", "built, not run: no NVIDIA GPU here", stage="build-engine", format="engine",
                precision="fp16", size_bytes=4_000_000),
        command="crnn-deploy run recipe.yaml",
        dataset=DatasetFacts(name="lines.tar", count=891, kind="text", fingerprint="5eed"),
        rendered=True,
        errors=errors_of("student-int8"),
        comparisons=(
            Comparison(variant="student", parent="baseline",
                       difference=Difference(figure="cer_ci", delta=-0.01, low=-0.018, high=-0.002), agreement=0.91),
            Comparison(variant="tiny-int8", parent="student",
                       difference=Difference(figure="cer_ci", delta=0.17, low=0.15, high=0.19)),
        ),
        engines={"engine-fp16": engine_record()},
        realised={"student-int8": {"Conv int8": 12, "LSTM fp32": 1}},
        examples=(
            example("7.png", "Straße 9", baseline="Strasse 9", student="Straße 9", student_int8="straße 9"),
            example("8.png", "<script>alert(1)</script>",
                    baseline="<script>alert(2)</script>", student="<script>alert(1)</script>"),
            example("9.png", "either|or", baseline="either|0r"),
        ),
        training=tuple(TrainingPoint(epoch=n, loss=1 / n, validation_error=0.3 / n) for n in range(1, 5)),
        advice="Training was still improving: 20 epochs more should pay.",
        notes=("student-int8 is slower with | batches of 8.",),
    )  # fmt: skip


def classifier_report() -> Report:
    """A report of class names in place of text, as runs before version 0.2 wrote them."""
    return make_report(
        variant("lenet", "baseline", size_bytes=2_000_000, accuracy=top1(0.99)),
        variant("lenet-int8", size_bytes=500_000, accuracy=top1(0.985)),
        examples=(example("3.png", "seven", lenet="seven", lenet_int8="one"),),
    )
