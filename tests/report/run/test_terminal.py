from __future__ import annotations

import io

import pytest
from report.makers import accuracy, latency, make_report, variant
from rich.console import Console

from crnn_deploy.report.run.tables import variants_table
from crnn_deploy.report.run.terminal import terminal_table


def printed(report, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(terminal_table(report))
    return console.file.getvalue()


@pytest.fixture(scope="module")
def large():
    """Names and figures as long as they get."""
    rows = {"accuracy": accuracy(0.2345), "latency": (latency(1234.5),), "parameters": 123_000_000, "macs": 234 * 10**9}
    return make_report(
        variant("a-baseline-with-a-very-long-name", "baseline", size_bytes=999_000_000, **rows),
        variant("a-baseline-with-a-very-long-name-int8", "rejected", "too slow", size_bytes=1_230, **rows,
                precision="int8+fp32", format="safetensors"),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["report", "classifier", "large"])
def test_the_table_fits_80_columns_and_breaks_no_figure(request, name) -> None:
    report = request.getfixturevalue(name)
    text = printed(report)
    assert max(map(len, text.splitlines())) <= 80
    table = variants_table(report)
    for row in (table.columns, *table.rows):
        for cell in row[1:]:
            assert cell.text in text
            assert cell.detail in text


def test_a_variant_is_one_entry_with_its_gate(report) -> None:
    text = printed(report, 200)
    for shown in report.variants:
        assert shown.name in text
        assert shown.gate.reason in text
    assert text.count("✗ rejected") == 1
    assert "student-int8 is slower with | batches of 8." in text
    assert "Training was still improving" in text


def test_an_engine_that_did_not_run_shows_what_is_known_of_it(report) -> None:
    text = printed(report)
    assert "○ unproven" in text
    assert "○ engine-fp16  built, not run: no NVIDIA GPU here" in text
    assert "14 convolution, 2 plugin, 1 pointwise" in text
    assert "199 of 200 images" in text


def test_nothing_is_cut_off_on_80_columns(report) -> None:
    text = " ".join(printed(report).split())
    assert report.advice in text
    assert "…" not in text


def test_names_cannot_inject_console_markup() -> None:
    text = printed(make_report(variant("[red]a[/]", "baseline", "[link=x]b[/link]")), 200)
    assert "[red]a[/]" in text
    assert "[link=x]b[/link]" in text


def test_a_lone_unmeasured_variant_shows_dashes(bare) -> None:
    text = printed(bare)
    assert "Straße-读" in text
    assert text.count("—") == 3
    assert "None" not in text
