"""The pages in a browser: nothing is too wide on a phone, the console is silent, and axe-core finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import DESKTOP, PHONE, axe_violations, opened, overflow
from explaining.known_models import CLASSES, LINES, Corner, Inks, bright_picture, line, session
from PIL import Image
from report.makers import classifier_report, errors_of, full_report
from report.quantization_makers import full_record

from crnn_deploy.explaining.explainer import Explainer
from crnn_deploy.explaining.result import Explanations
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.report.explanation.page import drawn, render_explanations
from crnn_deploy.report.quantization.page import render_quantization
from crnn_deploy.report.run.page import render_html
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.write import write_report
from crnn_deploy.report.run.wrong_page import render_wrong

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = "a very long name of a model from a place that gives such names 0123456789_0123456789_0123456789_0123456789"


def explanations(kind: str) -> str:
    model, spec = (Corner(), CLASSES) if kind == "class" else (Inks(), LINES)
    task = "classify" if kind == "class" else "ctc"
    images = [bright_picture()] if kind == "class" else [line({8: 0, 700: 128}, 900), Image.new("L", (40, 20), 255)]
    found = [Explainer(session(model, spec)).explain(image, "x", "x.png", NoteTaker()) for image in images]
    explained = tuple(explanation for explanation, _ in found)
    whole = Explanations(artifact="m.onnx", sha256="0", runtime="torch", task=task, explanations=explained)
    return render_explanations(whole, [drawn(*each) for each in found])


def with_long_names() -> Report:
    report = full_report()
    variants = tuple(v.model_copy(update={"name": f"{v.name} {LONG}"}) for v in report.variants)
    named = {"variants": variants, "title": LONG, "engines": {}, "realised": {}, "examples": (), "comparisons": ()}
    return report.model_copy(update={**named, "errors": errors_of(variants[3].name)})


PAGES: dict[str, Callable[[], str]] = {
    "report": lambda: render_html(full_report()),
    "report of a classifier": lambda: render_html(classifier_report()),
    "report with long names": lambda: render_html(with_long_names()),
    "wrong readings": lambda: render_wrong(full_report(), errors_of(LONG, wrong=20)),
    "no wrong readings": lambda: render_wrong(full_report(), errors_of("student-int8", wrong=0)),
    "quantization": lambda: render_quantization(full_record(), LONG),
    "explained lines": lambda: explanations("line"),
    "explained classes": lambda: explanations("class"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_is_silent_and_can_be_read_by_all(browser: Browser, tmp_path: Path, name: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    with opened(browser, path.as_uri(), PHONE) as (page, complaints):
        assert overflow(page) == 0
        assert axe_violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert axe_violations(page) == []
        page.set_viewport_size(DESKTOP)
        assert overflow(page) == 0
        assert complaints == []


def test_the_report_and_the_wrong_readings_lead_to_each_other(browser: Browser, tmp_path: Path) -> None:
    write_report(full_report(), tmp_path)
    with opened(browser, (tmp_path / "report.html").as_uri(), PHONE) as (page, complaints):
        page.get_by_role("link", name="All of them").click()
        assert page.url.endswith("/wrong.html")
        page.get_by_role("link", name="Back to the report").click()
        assert page.url.endswith("/report.html")
        assert complaints == []


def test_wrong_readings_are_sorted_and_filtered(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "wrong.html").write_text(render_wrong(full_report(), errors_of("student-int8", wrong=12)))
    with opened(browser, (tmp_path / "wrong.html").as_uri(), DESKTOP) as (page, complaints):
        assert shown(page)[:3] == ["line 0", "line 1", "line 2"]
        page.get_by_role("button", name="Errors").click()
        assert shown(page)[:4] == ["line 0", "line 3", "line 6", "line 9"]
        page.get_by_role("button", name="Confidence").click()
        page.get_by_role("button", name="Confidence").click()
        assert shown(page)[0] == "line 11"
        assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
        page.get_by_role("searchbox").fill("LINE 1")
        assert shown(page) == ["line 11", "line 10", "line 1"]
        page.get_by_label("Confidence at least").fill("0.9")
        assert shown(page) == ["line 11", "line 10"]
        assert page.locator("output").inner_text() == "2 of 12 shown"
        assert axe_violations(page) == []
        assert complaints == []


def test_without_scripts_all_wrong_readings_are_there(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "wrong.html").write_text(render_wrong(full_report(), errors_of("student-int8", wrong=12)))
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto((tmp_path / "wrong.html").as_uri())
        assert page.locator("tbody tr:visible").count() == 12
        assert page.locator("form:visible").count() == 0
    finally:
        context.close()


def shown(page: Page) -> list[str]:
    """The labels of the rows that are shown, in their order."""
    return page.locator("tbody tr:visible th .text:first-of-type").all_inner_texts()
