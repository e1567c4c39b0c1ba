from __future__ import annotations

import pytest
from report.makers import latency, make_report, variant

from crnn_deploy.report.run.tables import comparisons_table, latency_settings, latency_tables, variants_table

NBSP = "\u00a0"


def texts(row) -> list[str]:
    return [f"{cell.text} ({cell.detail})".replace(NBSP, " ") if cell.detail else cell.text for cell in row]


@pytest.fixture(scope="module")
def tables(report, classifier, bare):
    return [
        *(table(shown) for table in (variants_table, comparisons_table) for shown in (report, classifier, bare)),
        *latency_tables(report).values(),
    ]


def test_rows_are_as_long_as_the_header(tables) -> None:
    for table in tables:
        assert {len(row) for row in table.rows} <= {len(table.columns)}
        assert table.numeric.stop <= len(table.columns)


def test_a_row_puts_each_figure_into_proportion(report) -> None:
    assert texts(variants_table(report).rows[2]) == [
        "student (onnx · fp32)", "✓ passed", "14.00 % (13.60–14.40)", "56.00 % (55.60–56.40)", "2.00 ms (10×)",
        "3.00 MB (5.0×)", "721 k (80.0 M)",
    ]  # fmt: skip


def test_the_baseline_is_not_compared_with_itself(report) -> None:
    row = variants_table(report).rows[0]
    assert row[4].detail == row[5].detail == ""


def test_what_was_not_measured_is_a_dash(bare) -> None:
    row = variants_table(bare).rows[0]
    assert [cell.text for cell in row[2:5]] == ["—", "—", "—"]
    assert not any(cell.detail for cell in row[2:5])


def test_a_classifier_has_one_column_of_accuracy(classifier) -> None:
    table = variants_table(classifier)
    assert [cell.text for cell in table.columns] == ["Variant", "Gate", "Top-1", "Latency", "Size", "Params"]
    assert texts(table.rows[0])[2] == "99.00 % (98.80–99.20)"


def test_comparisons_give_signed_points_and_a_verdict(report) -> None:
    first, second = map(texts, comparisons_table(report).rows)
    assert first == [
        "student", "better", "−1.00", "−1.80 … −0.20", "CER", "baseline", f"91.00{NBSP}%",
    ]  # fmt: skip
    assert second[1:] == ["worse", "+17.00", "+15.00 … +19.00", "CER", "student", "—"]


def test_latencies_stand_together_only_where_they_compare(report) -> None:
    groups = latency_settings(report)
    assert list(groups) == [
        "median images, batch 1, 1 thread", "wide images, batch 1, 1 thread", "median images, batch 8, 1 thread",
    ]  # fmt: skip
    for entries in groups.values():
        assert len({(row.bucket, row.batch, row.threads) for _, row in entries}) == 1
    wide = groups["wide images, batch 1, 1 thread"]
    assert [variant.name for variant, _ in wide] == ["baseline-onnx", "student"]


def test_every_measurement_is_in_one_latency_table(report) -> None:
    rows = [row for table in latency_tables(report).values() for row in table.rows]
    assert len(rows) == sum(len(variant.latency) for variant in report.variants)
    assert ["student", "2.00", "2.50", "3.00", "0.300", "0.100", "80", "200", "onnxruntime"] in map(texts, rows)


def test_threads_are_told_apart() -> None:
    rows = latency(4, threads=2), latency(7)
    titles = list(latency_tables(make_report(variant("only", "baseline", latency=rows))))
    assert titles == ["median images, batch 1, 1 thread", "median images, batch 1, 2 threads"]


def test_time_on_a_gpu_has_a_column_only_where_something_ran_there() -> None:
    engine, other = latency(4, "tensorrt", device_ms=1.25), latency(7)
    both = make_report(variant("engine", "baseline", latency=(engine,)), variant("other", "baseline", latency=(other,)))
    (table,) = latency_tables(both).values()
    position = [cell.text for cell in table.columns].index("On GPU")
    assert [row[position].text for row in table.rows] == ["1.25", "—"]
    assert table.numeric == range(1, len(table.columns) - 1)
    (plain,) = latency_tables(make_report(variant("other", "baseline", latency=(other,)))).values()
    assert "On GPU" not in [cell.text for cell in plain.columns]
