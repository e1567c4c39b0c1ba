from __future__ import annotations

import pytest

from crnn_deploy.evaluation import Difference
from crnn_deploy.report import Comparison, Report
from crnn_deploy.report.summary import headline, reference_latency, speed_baseline, speed_footnote, speedup, verdict


def test_speed_is_compared_within_one_runtime(report: Report) -> None:
    teacher, exported, slow, student = report.variants
    assert speed_baseline(report, student) is exported
    assert speedup(report, student) == pytest.approx(20.0)
    assert speedup(report, slow) == pytest.approx(0.5)
    assert speedup(report, teacher) is None
    assert "teacher-onnx for onnxruntime" in speed_footnote(report)


def test_without_a_baseline_in_its_runtime_a_variant_has_no_speedup(report: Report) -> None:
    teacher, student = report.variants[0], report.variants[3]
    other = report.model_copy(update={"variants": (teacher, student)})
    assert speedup(other, student) is None
    assert "faster" not in headline(other)


def test_the_reference_is_the_median_bucket(report: Report) -> None:
    reversed_rows = report.variants[3].model_copy(update={"latency": report.variants[3].latency[::-1]})
    row = reference_latency(reversed_rows)
    assert row is not None
    assert row.bucket == "median"


def test_the_headline_tells_size_speed_and_accuracy(report: Report) -> None:
    text = headline(report).replace("\u00a0", " ")
    assert text == (
        "student-int8 is 20× smaller and 20× faster than teacher, and its character error rate is 8.0 points lower "
        "(6.00 % against 14.00 %)."
    )


def test_the_headline_does_not_hide_a_loss(class_report: Report) -> None:
    assert "but its top-1 accuracy is 1.0 points lower" in headline(class_report)


def test_the_headline_says_when_nothing_passed(report: Report) -> None:
    text = headline(report.model_copy(update={"variants": report.variants[:3]}))
    assert text.startswith("No variant passed its gate; teacher stays")


@pytest.mark.parametrize(
    ("figure", "low", "high", "expected"),
    [
        ("cer_ci", -0.02, -0.01, "better"),
        ("cer_ci", 0.01, 0.02, "worse"),
        ("cer_ci", -0.01, 0.01, "no clear difference"),
        ("cer_ci", 0.0, 0.0, "identical"),
        ("top1", 0.01, 0.02, "better"),
        ("word_accuracy_ci", -0.02, -0.01, "worse"),
    ],
)
def test_a_verdict_needs_an_interval_clear_of_zero(figure: str, low: float, high: float, expected: str) -> None:
    difference = Difference(figure=figure, delta=(low + high) / 2, low=low, high=high)
    assert verdict(Comparison(variant="b", parent="a", difference=difference)) == expected
