"""Gates: known evaluations and latencies give known verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from crnn_deploy.benchmark.result import Benchmark, Latency, Measured
from crnn_deploy.environment import environment
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction
from crnn_deploy.pipeline.gates import Judge
from crnn_deploy.pipeline.recipe import Budget

REFERENCES = ["hello world"] * 400


def evaluation(name: str, wrong: int, kind: str = "text") -> Evaluation:
    """An evaluation in which `wrong` of 400 lines lack their last letter (or have the other class)."""
    texts = [text[:-1] if i < wrong else text for i, text in enumerate(REFERENCES)]
    errors = wrong / sum(map(len, REFERENCES))
    figures = {"cer_ci": errors, "cer": errors} if kind == "text" else {"top1": 1 - wrong / 400}
    return Evaluation(
        artifact=name,
        sha256=None,
        runtime="onnxruntime",
        dataset=DatasetFacts(name="set", count=400, kind=kind, fingerprint="f"),
        accuracy=Accuracy(**figures, ci95={}, count=400),
        skipped=[],
        predictions=tuple(
            Prediction(item=str(i), reference=r, text=t) for i, (r, t) in enumerate(zip(REFERENCES, texts, strict=True))
        ),
        unknown_characters={},
    )


def measured(name: str, milliseconds: float, on_gpu: bool) -> Measured:
    row = Latency(
        runtime="tensorrt" if on_gpu else "onnxruntime", threads=1, batch=1, width=100, bucket="median",
        p50_ms=milliseconds, p90_ms=milliseconds, p99_ms=milliseconds, rounds=200, preprocess_ms=0.1, decode_ms=0.1,
        device_ms=milliseconds / 2 if on_gpu else None,
    )  # fmt: skip
    return Measured(
        name=name, path=Path(name), format="engine" if on_gpu else "onnx", precision="fp32", size_bytes=1,
        parameters=1, macs=1, latency=(row,),
    )  # fmt: skip


def benchmark(on_gpu: tuple[str, ...] = (), **p50_ms: float) -> Benchmark:
    variants = tuple(measured(name, milliseconds, name in on_gpu) for name, milliseconds in p50_ms.items())
    return Benchmark(environment=environment(), variants=variants)


def judge(budget: Budget, student: int, int8: int, kind: str = "text", int8_ms: float = 0.5) -> Judge:
    evaluations = {
        "baseline": evaluation("baseline", 20, kind),
        "student": evaluation("student", student, kind),
        "int8": evaluation("int8", int8, kind),
    }
    return Judge(budget, benchmark(baseline=10.0, student=1.0, int8=int8_ms), evaluations)


def test_what_keeps_the_budget_passes() -> None:
    gates = judge(Budget(max_error=0.01, max_error_rise=0.005, min_speedup=20), student=20, int8=20)
    assert gates.verdict("import", "baseline", None).status == "baseline"
    assert gates.verdict("distill", "student", "baseline").status == "passed"
    assert gates.verdict("quantize", "int8", "student").status == "passed"


@pytest.mark.parametrize(
    ("budget", "student", "int8", "speed", "reason"),
    [
        (Budget(max_error=0.005, max_error_rise_over_parent=1), 20, 40, 0.5, "at most 0.50%"),
        (Budget(max_error_rise=0.001, max_error_rise_over_parent=1), 20, 40, 0.5, "against baseline"),
        (Budget(max_error_rise_over_parent=0.001), 20, 40, 0.5, "against student"),
        (Budget(min_speedup=30), 20, 20, 0.5, "20.0× the speed of baseline (at least 30×)"),
        (Budget(), 20, 20, 1.2, "0.8× the speed of student (at least 1×)"),
    ],
)
def test_each_bound_rejects_alone(budget: Budget, student: int, int8: int, speed: float, reason: str) -> None:
    verdict = judge(budget, student, int8, int8_ms=speed).verdict("quantize", "int8", "student")
    assert verdict.status == "rejected"
    assert reason in verdict.reason
    assert ";" not in verdict.reason  # only what failed is named


@pytest.mark.parametrize(
    ("int8_ms", "wrong", "status", "reason"),
    [
        (0.1, 20, "passed", "2.0× the speed of fp16 on the GPU"),
        (0.4, 20, "rejected", "0.5× the speed of fp16 on the GPU (at least 1×)"),
        (0.1, 60, "rejected", "against student (at most +0.10)"),
    ],
)
def test_engines_are_held_to_the_accuracy_and_to_what_else_ran_on_the_gpu(
    int8_ms: float, wrong: int, status: str, reason: str
) -> None:
    counts = {"baseline": 20, "student": 20, "fp16": 20, "int8": wrong}
    evaluations = {name: evaluation(name, count) for name, count in counts.items()}
    budget = Budget(max_error_rise_over_parent=0.001, min_speedup=1000)  # asked of the CPU's model, not of engines
    times = benchmark(on_gpu=("fp16", "int8"), baseline=10.0, student=1.0, fp16=0.2, int8=int8_ms)
    gates = Judge(budget, times, evaluations)
    first = gates.verdict("build-engine", "fp16", "student")
    assert first.status == "passed"
    assert first.reason.endswith("0.200\u00a0ms on the GPU")
    assert "baseline" not in first.reason
    second = gates.verdict("build-engine", "int8", "student")
    assert second.status == status
    assert reason in second.reason


def test_a_point_below_the_bound_is_not_enough_if_the_interval_is_not() -> None:
    bound = 0.0028  # 10 more wrong letters of 4,400 are 0.0023, and the interval reaches beyond
    verdict = judge(Budget(max_error_rise=bound), student=30, int8=30).verdict("distill", "student", "baseline")
    assert verdict.status == "rejected"


def test_an_export_must_read_the_same() -> None:
    gates = judge(Budget(), student=20, int8=21)
    assert gates.verdict("export", "student", "baseline").status == "baseline"
    assert gates.verdict("export", "int8", "student").status == "rejected"


def test_classifiers_are_held_to_their_top1() -> None:
    gates = judge(Budget(max_error=0.06), student=20, int8=30, kind="class")
    assert gates.verdict("distill", "student", "baseline").status == "passed"
    assert "error 7.50% (at most 6.00%)" in gates.verdict("quantize", "int8", "student").reason
