from __future__ import annotations

from report.makers import make_report, reading_cost, variant

from crnn_deploy.report.run.markdown import render_markdown
from crnn_deploy.report.run.reading import aspect_span, reading_note, reading_table, reading_tiles, width_table

NBSP = "\u00a0"


def test_whole_lines_stand_beside_the_network(report) -> None:
    table = reading_table(report)
    assert [row[0].text for row in table.rows] == ["baseline-onnx", "student", "student-int8"]
    shown = [cell.line.replace(NBSP, " ") for cell in table.rows[2]]
    assert shown == ["student-int8", "1.20 ms (1.50 ms)", "1.00 ms", "1,250", "98.0 MB", "0.450 s"]
    assert table.columns[3].detail == "4 cores"
    assert [tile.value.replace(NBSP, " ") for tile in reading_tiles(reading_cost(1.2))] == [
        "1.20 ms", "1,250", "98.0 MB", "0.450 s"
    ]  # fmt: skip


def test_the_time_by_width_has_a_column_for_each_variant(report) -> None:
    table = width_table(report)
    assert [cell.text for cell in table.columns] == ["Width ÷ height", "baseline-onnx", "student", "student-int8"]
    assert [cell.text.replace(NBSP, " ") for cell in table.rows[0]] == ["1.0–2.9", "11.0 ms", "1.25 ms", "0.600 ms"]
    assert aspect_span(2.01, 2.04) == "2.0"


def test_a_busy_machine_is_told_with_what_a_line_needs(report) -> None:
    assert "Busy" not in reading_note(report)
    busy = variant("student", reading=reading_cost(9.0, cpu_ms=2.0))
    note = reading_note(make_report(variant("baseline", "baseline"), busy))
    assert f"Busy machine: the median line waited for the core; it needs 2.00{NBSP}ms of student." in note


def test_a_run_without_them_shows_none(bare) -> None:
    assert reading_table(bare).rows == width_table(bare).rows == ()
    assert reading_note(bare) == ""
    unknown = variant("only", "baseline", reading=reading_cost(1.0, peak_bytes=None, by_width=()))
    text = render_markdown(make_report(unknown))
    assert "What reading costs" in text
    assert "Width" not in text
