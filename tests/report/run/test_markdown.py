from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.makers import make_report, variant

from crnn_deploy.escaping import visible
from crnn_deploy.report.run.markdown import escape, markdown_table, render_markdown
from crnn_deploy.report.tables import Cell, Table

HOSTILE = "a|b \\| `c` *d* <script>alert(1)</script> [e](f)\n# g & <!--"


def tables(text: str) -> list[list[str]]:
    """Runs of table lines."""
    return [run.splitlines() for run in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]


def columns(line: str) -> int:
    """Borders that no backslash escapes, less one."""
    return re.sub(r"\\.", "", line).count("|") - 1


@pytest.fixture(scope="module")
def hostile(report):
    """Every text in it tries to break out."""
    harmed = [v.model_copy(update={"name": f"{v.name} {HOSTILE}", "format": HOSTILE}) for v in report.variants]
    new_name = {old.name: new.name for old, new in zip(report.variants, harmed, strict=True)}
    examples = [
        line.model_copy(update={"reference": HOSTILE, "readings": {new_name[n]: HOSTILE for n in line.readings}})
        for line in report.examples
    ]
    return make_report(*harmed, examples=tuple(examples), notes=(HOSTILE,), advice=HOSTILE, command=HOSTILE)


@pytest.fixture(params=["report", "classifier", "hostile"])
def text(request) -> str:
    return render_markdown(request.getfixturevalue(request.param))


def test_tables_keep_their_columns(text) -> None:
    assert tables(text)
    for table in tables(text):
        assert len({columns(line) for line in table}) == 1


def test_tables_line_up_when_read_raw(text) -> None:
    for table in tables(text):
        assert len({len(line) for line in table}) == 1


def test_figures_align_right() -> None:
    table = Table((Cell("Variant"), Cell("Size", "× smaller")), ((Cell("a"), Cell("9 kB")),), numeric=range(1, 2))
    assert markdown_table(table).splitlines() == [
        "| Variant | Size (× smaller) |",
        "| ------- | ---------------: |",
        "| a       |             9 kB |",
    ]


def test_texts_cannot_become_html(hostile, report) -> None:
    for shown in (hostile, report):
        outside_code = re.sub(r"```.*?```", "", render_markdown(shown), flags=re.DOTALL)
        assert "alert" in outside_code
        assert not re.search(r"(?<!\\)<", outside_code)


def test_a_command_cannot_leave_its_fence() -> None:
    text = render_markdown(make_report(variant("a", "baseline"), command="run x\n```\n<script>"))
    assert text.count("```") == 2
    assert text.endswith("```\n")


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text) -> None:
    escaped = escape(text)
    assert len(escaped.splitlines()) <= 1
    assert not re.search(r"[`*<>|~#&\[\]]", re.sub(r"\\.", "", escaped))
    assert re.sub(r"\\(.)", r"\1", escaped).split() == visible(text).split()


def test_units_stay_with_their_figures() -> None:
    assert escape("15.1\u00a0MB  (small)") == "15.1\u00a0MB (small)"


def test_names_with_underscores_stay_readable() -> None:
    assert escape("word_accuracy_ci, _italic_") == "word_accuracy_ci, \\_italic\\_"


def test_everything_that_was_found_is_there(report) -> None:
    text = render_markdown(report)
    assert text.startswith("# small reader\n")
    for part in (
        *(shown.name for shown in report.variants), "✗ rejected", "CER 31.00 %, at most 15.50 %", "—",
        "either\\|0r", "straße 9 ✓", "12 × Conv int8", "5eed", "Example CPU", "20 epochs more",
        "```sh\ncrnn-deploy run", "○ unproven. built, not run", "## Engines", "| 199 of 200 images",
    ):  # fmt: skip
        assert part in text


def test_a_lone_unmeasured_variant_has_no_empty_sections(bare) -> None:
    text = render_markdown(bare)
    assert re.findall("^## (.*)", text, re.MULTILINE) == ["Gates", "Environment"]
    assert "Straße-读" in text
    assert "—" in text
    assert "None" not in text
