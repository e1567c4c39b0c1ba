from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from report.makers import accuracy, engine_record, latency, make_report, variant

from crnn_deploy.report.run.report import Report


def changed(report: Report, **changes: object) -> Report:
    return Report.model_validate({**report.model_dump(by_alias=True), **changes})


def test_what_ships_is_the_last_variant_that_passed(report: Report) -> None:
    assert report.shipped.name == "student-int8"


def test_the_baseline_ships_where_nothing_passed() -> None:
    report = make_report(variant("baseline", "baseline"), variant("other", "baseline"), variant("student", "rejected"))
    assert report.shipped is report.baseline


def test_a_report_needs_a_variant(report: Report) -> None:
    with pytest.raises(ValidationError, match="variants"):
        changed(report, variants=())


def test_two_variants_may_not_share_a_name(report: Report) -> None:
    with pytest.raises(ValidationError, match="repeat"):
        changed(report, variants=(*report.variants, report.variants[0]))


@pytest.mark.parametrize("field", ["comparisons", "realised", "engines", "examples"])
def test_what_mentions_an_unknown_variant_is_refused(report: Report, field: str) -> None:
    mentions: dict[str, Any] = {
        "comparisons": [{**report.comparisons[0].model_dump(), "parent": "nobody"}],
        "engines": {"nobody": engine_record()},
        "realised": {"nobody": {"Conv": 1}},
        "examples": [{**report.examples[0].model_dump(), "readings": {"nobody": "x"}}],
    }
    with pytest.raises(ValidationError, match=r"\['nobody'\] are not among the variants"):
        changed(report, **{field: mentions[field]})


@pytest.mark.parametrize("figures", [{"accuracy": accuracy(0.1)}, {"latency": (latency(1.0),)}])
def test_what_did_not_run_has_no_figures(figures: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="has not run"):
        make_report(variant("engine", "unproven", **figures))


def test_a_report_from_before_there_were_engines_loads(report: Report) -> None:
    older = report.model_dump(mode="json", by_alias=True)
    del older["engines"]
    assert Report.model_validate(older) == report.model_copy(update={"engines": {}})


@pytest.mark.parametrize("size_bytes", [0, -1])
def test_a_file_has_a_size(size_bytes: int) -> None:
    with pytest.raises(ValidationError, match="size_bytes"):
        variant("empty", size_bytes=size_bytes)


@pytest.mark.parametrize("p50", [0.0, -1.0, float("nan")])
def test_a_run_takes_time(p50: float) -> None:
    with pytest.raises(ValidationError, match="p50_ms"):
        variant("instant", latency=(latency(1.0), latency(p50)))


def test_an_image_may_not_come_from_elsewhere(report: Report) -> None:
    example = {**report.examples[0].model_dump(), "image": "https://example.org/x.png"}
    with pytest.raises(ValidationError, match="image"):
        changed(report, examples=(example,))
