"""Names and texts of strangers act neither on a terminal nor in a page."""

from __future__ import annotations

import json

import pytest
from report.makers import accuracy, example, latency, make_report, variant
from rich.console import Console

from crnn_deploy.escaping import visible_lines
from crnn_deploy.report.run.confusion import ConfusedPair, Confusion
from crnn_deploy.report.run.markdown import render_markdown
from crnn_deploy.report.run.page import render_html
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.terminal import terminal_table
from crnn_deploy.report.run.write import render_json

HOSTILE = "x\x1b]0;PWN\x07\r\n| `a` |\t$\\frac{\u202e<script>alert(1)</script>[l](javascript:1)\udcff"


@pytest.fixture
def report() -> Report:
    figures = {"accuracy": accuracy(0.1), "latency": (latency(2.0),)}
    variants = (variant("baseline", "baseline", **figures), variant(HOSTILE, "passed", HOSTILE, **figures))
    examples = (example(HOSTILE, HOSTILE, **{"baseline": HOSTILE, HOSTILE: "y\x9b"}),)
    made = make_report(*variants, command=f"run {HOSTILE}", notes=(HOSTILE,), examples=examples)
    pair = ConfusedPair(reference=HOSTILE, reading="b", count=1, images=1)
    confused = Confusion(variant=HOSTILE, classes=(HOSTILE, "b"), counts=((0, 1), (0, 0)), pairs=(pair,), wrong=1)
    return made.model_copy(update={"title": HOSTILE, "confusion": confused})


def test_terminal(report: Report) -> None:
    console = Console(width=400, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(terminal_table(report))
    assert captured.get() == visible_lines(captured.get())


def test_markdown(report: Report) -> None:
    text = render_markdown(report)
    assert text == visible_lines(text)
    outside = text.split("```")[0]
    assert "<script>" not in outside.replace("\\<script", "")
    assert "[l](" not in outside


def test_html(report: Report) -> None:
    pytest.importorskip("matplotlib")
    page = render_html(report)
    assert page == visible_lines(page)
    assert "<script" not in page
    assert page.encode()


def test_json(report: Report) -> None:
    text = render_json(report)
    assert text == visible_lines(text)
    assert json.loads(text.encode())["title"] == HOSTILE
