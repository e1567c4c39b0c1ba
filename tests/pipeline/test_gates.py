"""Gates: known evaluations and latencies give known verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stopwatches

from crnn_deploy.benchmark.measured import Latency
from crnn_deploy.benchmark.undisturbed import UndisturbedTime
from crnn_deploy.environment import environment
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction, Predictions
from crnn_deploy.pipeline.gates import Judge
from crnn_deploy.pipeline.recipe import Budget
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import speed_footnote, speedup
from crnn_deploy.report.run.variant import Gate, Variant


def evaluation(name: str, wrong: int, kind: str = "text", count: int = 400) -> Evaluation:
    """An evaluation in which `wrong` of 400 lines lack their last letter (or have the other class)."""
    references = ["hello world"] * count
    texts = [text[:-1] if i < wrong else text for i, text in enumerate(references)]
    errors = wrong / sum(map(len, references))
    figures = {"cer_ci": errors, "cer": errors} if kind == "text" else {"top1": 1 - wrong / count}
    return Evaluation(
        artifact=name,
        sha256=None,
        runtime="onnxruntime",
        dataset=DatasetFacts(name="set", count=count, kind=kind, fingerprint="f"),
        accuracy=Accuracy(**figures, ci95={}, count=count),
        skipped=[],
        predictions=tuple(
            Prediction(item=str(i), reference=r, text=t) for i, (r, t) in enumerate(zip(references, texts, strict=True))
        ),
        unknown_characters={},
    )


def variant(
    name: str,
    milliseconds: float,
    evaluation: Evaluation,
    on_gpu: bool = False,
    time: UndisturbedTime | None = None,
    **changes: Any,
) -> Variant:
    row = Latency(
        runtime="tensorrt" if on_gpu else "onnxruntime", threads=1, batch=1, width=100, bucket="median",
        p50_ms=milliseconds, p90_ms=milliseconds, p99_ms=milliseconds, rounds=200, preprocess_ms=0.1, decode_ms=0.1,
        device_ms=milliseconds / 2 if on_gpu else None,
        undisturbed=time or stopwatches.steady(milliseconds, "wall" if on_gpu else "cpu"),
    )  # fmt: skip
    facts = {
        "name": name, "path": Path(name), "format": "engine" if on_gpu else "onnx", "precision": "fp32",
        "size_bytes": 1, "parameters": 1, "macs": 1, "latency": (row,),
    }  # fmt: skip
    return Variant(**facts | changes).evaluated(evaluation)


def variants(student: int, int8: int, kind: str = "text", int8_ms: float = 0.5) -> dict[str, Variant]:
    """A baseline with 20 errors, its student and the student in INT8."""
    made = (
        variant("baseline", 10.0, evaluation("baseline", 20, kind), stage="import"),
        variant("student", 1.0, evaluation("student", student, kind), stage="distill", parent="baseline"),
        variant("int8", int8_ms, evaluation("int8", int8, kind), stage="quantize", parent="student"),
    )
    return {each.name: each for each in made}


def verdict(budget: Budget, name: str, models: dict[str, Variant]) -> Gate:
    return Judge(budget, list(models.values())).verdict(models[name])


def test_what_keeps_the_budget_passes() -> None:
    budget = Budget(max_error=0.01, max_error_rise=0.005, min_speedup=20)
    models = variants(student=20, int8=20)
    assert verdict(budget, "baseline", models).status == "baseline"
    assert verdict(budget, "student", models).status == "passed"
    assert verdict(budget, "int8", models).status == "passed"


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
    gate = verdict(budget, "int8", variants(student, int8, int8_ms=speed))
    assert gate.status == "rejected"
    assert reason in gate.reason
    assert ";" not in gate.reason  # only what failed is named


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
    built = {"on_gpu": True, "stage": "build-engine", "parent": "student"}
    models = variants(student=20, int8=20)
    del models["int8"]
    models["fp16"] = variant("fp16", 0.2, evaluation("fp16", 20), **built)
    models["int8"] = variant("int8", int8_ms, evaluation("int8", wrong), **built)
    # min_speedup is asked of the CPU's model, not of engines
    budget = Budget(max_error_rise_over_parent=0.001, min_speedup=1000)
    first = verdict(budget, "fp16", models)
    assert first.status == "passed"
    assert first.reason.endswith("0.200\u00a0ms on the GPU")
    assert "baseline" not in first.reason
    second = verdict(budget, "int8", models)
    assert second.status == status
    assert reason in second.reason


def test_what_reaches_a_bound_exactly_passes() -> None:
    models = variants(student=20, int8=20, int8_ms=1.0)
    exact = Budget(max_error=20 / 4400, max_error_rise=0, max_error_rise_over_parent=0, min_speedup=10)
    assert verdict(exact, "student", models).status == "passed"
    assert verdict(exact, "int8", models).status == "passed"  # as fast as its parent
    built = {"on_gpu": True, "stage": "build-engine", "parent": "student"}
    for name in ("fp16", "fp16 again"):
        models[name] = variant(name, 0.2, evaluation(name, 20), **built)
        assert verdict(exact, name, models).status == "passed"


@pytest.mark.parametrize(("wrong", "status"), [(1, "baseline"), (2, "rejected")])
def test_rounding_may_decide_one_image_in_a_thousand_of_an_export(wrong: int, status: str) -> None:
    models = {
        "baseline": variant("baseline", 10.0, evaluation("baseline", 0, count=1000), stage="import"),
        "onnx": variant("onnx", 5.0, evaluation("onnx", wrong, count=1000), stage="export", parent="baseline"),
    }
    assert verdict(Budget(), "onnx", models).status == status


def test_an_engine_is_held_to_the_fastest_before_it_on_the_gpu() -> None:
    built = {"on_gpu": True, "stage": "build-engine", "parent": "student"}
    models = variants(student=20, int8=20)
    for name, milliseconds in (("fast", 0.2), ("slow", 0.4), ("new", 0.3), ("later", 0.1)):
        models[name] = variant(name, milliseconds, evaluation(name, 20), **built)
    gate = verdict(Budget(), "new", models)
    assert gate.status == "rejected"
    assert "0.7× the speed of fast on the GPU" in gate.reason


def test_a_point_below_the_bound_is_not_enough_if_the_interval_is_not() -> None:
    bound = 0.0028  # 10 more wrong letters of 4,400 are 0.0023, and the interval reaches beyond
    assert verdict(Budget(max_error_rise=bound), "student", variants(student=30, int8=30)).status == "rejected"


@pytest.mark.parametrize(("wrong", "status"), [(20, "baseline"), (21, "rejected")])
def test_an_export_must_read_the_same(wrong: int, status: str) -> None:
    models = variants(student=20, int8=20)
    models["onnx"] = variant("onnx", 5.0, evaluation("onnx", wrong), stage="export", parent="baseline")
    assert verdict(Budget(), "onnx", models).status == status


def test_classifiers_are_held_to_their_top1() -> None:
    budget, models = Budget(max_error=0.06), variants(student=20, int8=30, kind="class")
    assert verdict(budget, "student", models).status == "passed"
    assert "error 7.50% (at most 6.00%)" in verdict(budget, "int8", models).reason


@pytest.mark.parametrize(("wrong", "status"), [(20, "baseline"), (40, "rejected")])
def test_gate_and_report_have_the_same_speedup_whatever_the_gate_of_the_exported_baseline(
    wrong: int, status: str
) -> None:
    models = variants(student=20, int8=20)
    torch = models["baseline"].latency[0].model_copy(update={"runtime": "torch"})
    exported = variant("baseline-onnx", 5.0, evaluation("onnx", wrong), stage="export", parent="baseline")
    baseline = models.pop("baseline").timed((torch,))
    models = {"baseline": baseline, "baseline-onnx": exported, **models}
    judge = Judge(Budget(), list(models.values()))
    judged = [each.judged(judge.verdict(each)) for each in models.values()]
    report = Report(title="", environment=environment(), variants=tuple(judged))
    assert report.variants[1].gate.status == status
    assert "10.0× the speed of baseline-onnx" in report.variants[3].gate.reason
    assert speedup(report, report.variants[3]) == 10
    assert "Speed-ups are of undisturbed times, against baseline-onnx for onnxruntime." in speed_footnote(report)


@pytest.mark.parametrize(
    ("parts", "status", "too_noisy"),
    [
        ((0.5,), "passed", False),
        ((0.7, 0.5, 0.6), "passed", False),
        ((0.6, 1.4, 1.9), "rejected", True),  # its lower quartile may be on either side of the student's 1 ms
        ((1.2, 1.1, 1.3), "rejected", False),
    ],
)
def test_a_speed_that_the_noise_hides_does_not_pass(parts: tuple[float, ...], status: str, too_noisy: bool) -> None:
    models = variants(student=20, int8=20)
    time = stopwatches.noisy(*parts)
    models["int8"] = variant("int8", 0.5, evaluation("int8", 20), time=time, stage="quantize", parent="student")
    gate = verdict(Budget(), "int8", models)
    assert (gate.status, gate.too_noisy) == (status, too_noisy)
    assert ("too noisy to tell" in gate.reason) == too_noisy


def test_noise_does_not_excuse_a_model_that_reads_worse() -> None:
    models = variants(student=20, int8=200)
    time = stopwatches.noisy(0.6, 1.4, 1.9)
    models["int8"] = variant("int8", 0.5, evaluation("int8", 200), time=time, stage="quantize", parent="student")
    gate = verdict(Budget(max_error=0.005), "int8", models)
    assert (gate.status, gate.too_noisy) == ("rejected", False)
    assert "too noisy to tell" in gate.reason


def test_too_few_rounds_prove_no_speed() -> None:
    models = variants(student=20, int8=20)
    few = stopwatches.steady(0.1).model_copy(update={"parts_ms": (0.1,) * 4, "spread": None})
    models["int8"] = variant("int8", 0.1, evaluation("int8", 20), time=few, stage="quantize", parent="student")
    gate = verdict(Budget(), "int8", models)
    assert gate.too_noisy
    assert "too few rounds" in gate.reason


def test_medians_decide_nothing() -> None:
    models = variants(student=20, int8=20)
    time = stopwatches.steady(1.25)
    models["int8"] = variant("int8", 0.01, evaluation("int8", 20), time=time, stage="quantize", parent="student")
    assert "0.8× the speed of student (at least 1×)" in verdict(Budget(), "int8", models).reason


def test_without_a_comparable_baseline_no_speed_is_proved() -> None:
    models = variants(student=20, int8=20)
    torch = models["baseline"].latency[0].model_copy(update={"runtime": "torch"})
    models["baseline"] = models["baseline"].timed((torch,))
    gate = verdict(Budget(), "student", models)
    assert gate.status == "rejected"
    assert "student ran in onnxruntime on the CPU and baseline in torch on the CPU" in gate.reason


def test_where_the_baseline_reads_nothing_nothing_passes() -> None:
    models = variants(student=20, int8=20)
    silent = models["baseline"].evaluation
    assert silent is not None
    predictions = Predictions.of(p.model_copy(update={"text": ""}) for p in silent.predictions)
    models["baseline"] = models["baseline"].evaluated(silent.model_copy(update={"predictions": predictions}))
    for name in ("student", "int8"):
        gate = verdict(Budget(max_error_rise=1), name, models)
        assert gate.status == "unproven"
        assert gate.reason == "baseline reads nothing in any of 400 images"
