from __future__ import annotations

import pytest
import stopwatches
from report.makers import accuracy, latency, make_report, variant

from crnn_deploy.benchmark.speedup import reference_latency
from crnn_deploy.evaluation.difference import Difference
from crnn_deploy.report.run.report import Comparison, Report
from crnn_deploy.report.run.summary import headline, speed_baseline, speed_footnote, speedup, standing, verdict


def pair(baseline, student, status="passed"):
    """A baseline and a student: size in MB, CER and milliseconds of each."""
    return make_report(
        *(
            variant(name, gate, size_bytes=int(1e6 * size), accuracy=accuracy(cer), latency=(latency(p50),))
            for name, gate, (size, cer, p50) in (("baseline", "baseline", baseline), ("student", status, student))
        )
    )


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        ((1.5, 0.12, 2), "student is 10× smaller and 10× faster than the baseline, and its character error rate is "
                         "3.0 points lower (12.00 % against 15.00 %)."),
        ((5, 0.16, 5), "student is 3.0× smaller and 4.0× faster than the baseline, but its character error rate is "
                       "1.0 points higher (16.00 % against 15.00 %)."),
        ((5, 0.1502, 5), "student is 3.0× smaller and 4.0× faster than the baseline, at the same character error rate "
                         "(15.02 % against 15.00 %)."),
        ((15, 0.14, 20), "student replaces the baseline, and its character error rate is 1.0 points lower "
                         "(14.00 % against 15.00 %)."),
        ((30, 0.15, 40), "student is 2.0× larger and 2.0× slower than the baseline, at the same character error rate "
                         "(15.00 % against 15.00 %)."),
    ],
    ids=["better", "worse", "equal", "no gain in size or speed", "larger and slower"],
)  # fmt: skip
def test_the_headline_says_what_was_gained_and_lost(student, sentence) -> None:
    assert headline(pair((15, 0.15, 20), student)).replace("\u00a0", " ") == sentence


def test_the_headline_keeps_the_baseline_where_no_variant_passed() -> None:
    sentence = headline(pair((15, 0.15, 20), (1, 0.4, 1), status="rejected")).replace("\u00a0", " ")
    assert sentence == (
        "No variant passed its gate; the baseline stays: 15.0 MB, 15.00 % character error rate, 20.0 ms an image."
    )


def test_the_headline_of_a_single_variant_describes_it() -> None:
    assert headline(make_report(variant("reader", "baseline"))) == "reader: 1.00\u00a0MB."


def test_the_headline_leaves_out_what_was_not_measured() -> None:
    report = make_report(variant("baseline", "baseline", size_bytes=5_000_000), variant("student"))
    assert headline(report) == "student is 5.0× smaller than the baseline."


def test_lower_top_1_is_a_loss(classifier: Report) -> None:
    sentence = headline(classifier).replace("\u00a0", " ")
    assert sentence.endswith("but its top-1 accuracy is 0.5 points lower (98.50 % against 99.00 %).")


@pytest.mark.parametrize("other", [{"runtime": "torch"}, {"bucket": "wide"}, {"threads": 2}, {"batch": 8}])
def test_a_speedup_compares_like_with_like(other) -> None:
    baseline, student = variant("baseline", "baseline", latency=(latency(20, **other),)), latency(2)
    report = make_report(baseline, variant("student", latency=(student,)))
    assert speed_baseline(report, report.shipped) is None
    assert speedup(report, report.shipped) is None
    assert "Speed-ups" not in speed_footnote(report)
    assert "faster" not in headline(report)


def test_a_gpu_is_not_held_against_a_cpu_in_the_same_runtime() -> None:
    baseline = variant("baseline", "baseline", latency=(latency(20, "torch"),))
    report = make_report(baseline, variant("student", latency=(latency(2, "torch", device_ms=1.5),)))
    assert speedup(report, report.shipped) is None
    assert "student ran on the GPU" in speed_footnote(report)
    assert "faster" not in headline(report)
    both = make_report(
        baseline.model_copy(update={"latency": (latency(20, "torch", device_ms=18),)}), report.variants[1]
    )
    assert speedup(both, both.shipped) == 10


def test_what_did_not_run_never_ships_and_is_not_called_rejected() -> None:
    baseline, engine = variant("baseline", "baseline"), variant("engine", "unproven")
    report = make_report(baseline, engine)
    assert report.shipped.name == "baseline"
    assert standing(report, engine) == "unproven"
    assert headline(report) == "The new models could not run here; the baseline stays: 1.00\u00a0MB."
    proven = make_report(baseline, variant("student", size_bytes=500_000), engine)
    assert headline(proven) == "student is 2.0× smaller than the baseline."


def test_nothing_measured_needs_no_footnote(bare: Report) -> None:
    assert speed_footnote(bare) == ""


def test_a_speedup_is_against_the_first_baseline_of_the_same_runtime(report: Report) -> None:
    baseline, exported, _, student, *_ = report.variants
    assert speed_baseline(report, student) is exported
    assert speedup(report, student) == pytest.approx(20)
    assert speedup(report, baseline) is speedup(report, exported) is None
    assert speed_footnote(report).endswith("Speed-ups are against baseline-onnx for onnxruntime.")


def test_the_reference_is_the_median_bucket_at_one_thread_and_batch_1() -> None:
    rows = latency(7, batch=8), latency(5, threads=2), latency(3, bucket="wide"), latency(2)
    assert reference_latency(variant("a", latency=rows)) == latency(2)
    assert reference_latency(variant("a", latency=rows[:3])) == latency(3, bucket="wide")
    assert reference_latency(variant("a", latency=rows[:2])) is None


@pytest.mark.parametrize(
    ("figure", "low", "high", "expected"),
    [
        ("cer_ci", -0.02, -0.01, "better"),
        ("cer_ci", 0.01, 0.02, "worse"),
        ("cer_ci", -0.01, 0.01, "no clear difference"),
        ("cer_ci", 0.0, 0.0, "identical"),
        ("top1", 0.01, 0.02, "better"),
        ("word_accuracy_ci", -0.02, -0.01, "worse"),
        ("top5", -0.02, -0.01, "worse"),
    ],
)
def test_a_verdict_needs_an_interval_clear_of_zero(figure: str, low: float, high: float, expected: str) -> None:
    difference = Difference(figure=figure, delta=(low + high) / 2, low=low, high=high)
    assert verdict(Comparison(variant="b", parent="a", difference=difference)) == expected


def test_the_footnote_tells_how_busy_the_machine_was() -> None:
    quiet = stopwatches.steady(2.0)
    busy = quiet.model_copy(update={"interrupted": 0.4, "spread": 0.06})
    baseline = variant("baseline", "baseline", latency=(latency(20, undisturbed=quiet),))
    calm = make_report(baseline, variant("student", latency=(latency(2, undisturbed=quiet),)))
    assert "interrupted" not in speed_footnote(calm)
    report = make_report(baseline, variant("student", latency=(latency(2, undisturbed=busy),)))
    told = speed_footnote(report).replace("\u00a0", " ")
    assert "Busy machine: 40 % of the runs were interrupted; times are known to ±6 %." in told


def test_a_speedup_is_of_undisturbed_times_and_not_of_medians() -> None:
    times = stopwatches.steady(9.0), stopwatches.steady(3.0)
    baseline = variant("baseline", "baseline", latency=(latency(270, undisturbed=times[0]),))
    report = make_report(baseline, variant("student", latency=(latency(10, undisturbed=times[1]),)))
    assert speedup(report, report.shipped) == pytest.approx(3)
