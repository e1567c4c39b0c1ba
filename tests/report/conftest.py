"""A small report with everything in it, to be changed by the tests."""

from __future__ import annotations

import pytest
from PIL import Image

from crnn_deploy.benchmark import Latency
from crnn_deploy.environment import Environment
from crnn_deploy.evaluation import Accuracy, DatasetFacts, Difference
from crnn_deploy.report import Comparison, ExampleLine, Report, TrainingPoint, Variant
from crnn_deploy.report.examples import thumbnail


def accuracy(cer: float) -> Accuracy:
    words = 1 - 3 * cer
    intervals = {"cer_ci": (cer - 0.01, cer + 0.01), "word_accuracy_ci": (words - 0.02, words + 0.02)}
    return Accuracy(cer=cer, cer_ci=cer, word_accuracy=words, word_accuracy_ci=words, ci95=intervals, count=1000)


def latency(runtime: str, p50_ms: float, bucket: str = "median", batch: int = 1) -> Latency:
    return Latency(
        runtime=runtime,
        threads=1,
        batch=batch,
        width=256,
        bucket=bucket,
        p50_ms=p50_ms,
        p90_ms=1.2 * p50_ms,
        p99_ms=1.5 * p50_ms,
        rounds=200,
        preprocess_ms=0.2,
        decode_ms=0.04,
    )


def variant(name: str, status: str, size_bytes: int, **changes: object) -> Variant:
    plain = {"stage": "export", "path": f"{name}.onnx", "format": "onnx", "precision": "fp32"}
    counts = {"parameters": 721_120, "macs": 41_300_000, "gate": {"status": status, "reason": f"{name} is {status}"}}
    return Variant.model_validate({"name": name, "size_bytes": size_bytes, **plain, **counts, **changes})


@pytest.fixture
def report() -> Report:
    """A torch teacher, its export, a rejected and a shipped student."""
    return Report(
        title="receipts",
        command="crnn-deploy run recipes/receipts.yaml",
        environment=Environment(
            processor="Some CPU",
            cores=2,
            memory_bytes=8_000_000_000,
            instruction_sets=("avx2",),
            platform="Linux",
            python="3.12",
            packages={"torch": "2.13.0"},
            providers=("CPUExecutionProvider",),
            gpus=(),
            tensorrt={},
            compilers=(),
        ),
        dataset=DatasetFacts(name="val.tar", count=1000, kind="text", fingerprint="ab12"),
        variants=(
            variant("teacher", "baseline", 15_000_000, accuracy=accuracy(0.14), latency=[latency("torch", 55.0)]),
            variant(
                "teacher-onnx",
                "baseline",
                15_010_000,
                accuracy=accuracy(0.14),
                latency=[latency("onnxruntime", 22.0), latency("onnxruntime", 11.0, "narrow")],
            ),
            variant(
                "student-slow", "rejected", 3_000_000, accuracy=accuracy(0.2), latency=[latency("onnxruntime", 44.0)]
            ),
            variant(
                "student-int8",
                "passed",
                750_000,
                accuracy=accuracy(0.06),
                latency=[latency("onnxruntime", 1.1), latency("onnxruntime", 0.5, "narrow")],
            ),
        ),
        comparisons=(
            Comparison(
                variant="student-int8",
                parent="teacher",
                difference=Difference(figure="cer_ci", delta=-0.08, low=-0.09, high=-0.07),
                agreement=0.5,
            ),
        ),
        realised={"student-int8": {"Conv INT8": 17, "GRU FP32": 2}},
        examples=(
            ExampleLine(
                item="images/1.jpg",
                reference="TOTAL 5.00",
                readings={"teacher": "TOTAI 5.00", "teacher-onnx": "TOTAI 5.00", "student-int8": "total 5.00"},
                image=thumbnail(Image.new("L", (90, 30), 200)),
            ),
        ),
        training=tuple(TrainingPoint(epoch=e, loss=4.0 / e, validation_error=0.5 / e) for e in range(1, 5)),
        advice="Train longer.",
        notes=("The GRU runs in FP32.",),
    )


@pytest.fixture
def bare_report(report: Report) -> Report:
    """One variant, nothing measured."""
    only = variant("model", "baseline", 1000)
    return Report(title="bare", environment=report.environment, variants=(only,))


@pytest.fixture
def class_report(report: Report) -> Report:
    """A classifier that lost a point of top-1."""
    figures = [Accuracy(top1=top1, ci95={"top1": (top1 - 0.01, top1 + 0.01)}, count=500) for top1 in (0.95, 0.94)]
    return Report(
        title="digits",
        environment=report.environment,
        variants=(
            variant("big", "baseline", 4_000_000, accuracy=figures[0], latency=[latency("onnxruntime", 2.0)]),
            variant("small", "passed", 1_000_000, accuracy=figures[1], latency=[latency("onnxruntime", 1.0)]),
        ),
        examples=(
            ExampleLine(
                item="7",
                reference="cat",
                readings={"big": "cat", "small": "cattle"},
                image=thumbnail(Image.new("RGB", (8, 8))),
            ),
        ),
    )
