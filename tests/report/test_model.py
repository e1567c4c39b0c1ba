from __future__ import annotations

import pytest
from pydantic import ValidationError

from crnn_deploy.report import Report


def changed(report: Report, **changes: object) -> Report:
    return Report.model_validate({**report.model_dump(by_alias=True), **changes})


def test_what_ships_is_the_last_variant_that_passed(report: Report) -> None:
    assert report.shipped.name == "student-int8"


def test_the_teacher_ships_where_nothing_passed(report: Report) -> None:
    assert (
        changed(report, variants=report.variants[:3], comparisons=(), realised={}, examples=()).shipped.name
        == "teacher"
    )


def test_a_report_needs_a_variant(report: Report) -> None:
    with pytest.raises(ValidationError, match="variants"):
        changed(report, variants=())


def test_two_variants_may_not_share_a_name(report: Report) -> None:
    with pytest.raises(ValidationError, match="repeat"):
        changed(report, variants=(*report.variants, report.variants[0]))


def test_readings_of_an_unknown_variant_are_refused(report: Report) -> None:
    example = {**report.examples[0].model_dump(), "readings": {"nobody": "x"}}
    with pytest.raises(ValidationError, match="nobody"):
        changed(report, examples=(example,))


def test_an_image_may_not_come_from_elsewhere(report: Report) -> None:
    example = {**report.examples[0].model_dump(), "image": "https://example.org/x.png"}
    with pytest.raises(ValidationError, match="image"):
        changed(report, examples=(example,))
