from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.report.run.spelling import Segment, same, segments


def test_each_kind_of_edit_is_told_apart() -> None:
    assert segments("TOTAL 5.00", "TOTAI5.00!") == [
        Segment("equal", "TOTA", "TOTA"),
        Segment("wrong", "I", "L"),
        Segment("missing", " ", " "),
        Segment("equal", "5.00", "5.00"),
        Segment("extra", "!", ""),
    ]


def test_case_is_not_an_error() -> None:
    assert same("TOTAL", "total")
    assert segments("TOTAL", "total") == [Segment("equal", "total", "TOTAL")]


@given(st.text(max_size=30), st.text(max_size=30))
def test_segments_spell_both_the_reading_and_the_reference(reference: str, reading: str) -> None:
    found = segments(reference, reading)
    assert "".join(segment.text for segment in found if segment.kind != "missing") == reading
    assert "".join(segment.expected for segment in found) == reference
