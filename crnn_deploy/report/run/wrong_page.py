"""The page of all wrong readings, which sorts and filters them; without its script it is a plain table."""

from __future__ import annotations

from crnn_deploy import units
from crnn_deploy.report.html_page import render_page, require_jinja
from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.spelling import Segment, segments
from crnn_deploy.report.run.wrong import WrongReading

REPORT_PAGE, WRONG_PAGE = "report.html", "wrong.html"
"""Names of the two pages, which link to each other."""


def render_wrong(report: Report, errors: Errors) -> str:
    """The whole page. Equal reports give equal bytes.

    Raises:
        InputError: if jinja2 is not installed.
    """
    require_jinja()
    of_classes = report.dataset is not None and report.dataset.kind == "class"
    content = {
        "title": report.title,
        "headline": f"What {errors.variant} reads wrong",
        "lead": wrong_summary(report, errors) + _kept(errors),
        "tiles": [],
        "noun": noun(report),
        "report_page": REPORT_PAGE,
        "rows": [(found, _segments(found, of_classes)) for found in errors.wrong],
    }
    return render_page("wrong.html.j2", content, {})


def wrong_summary(report: Report, errors: Errors) -> str:
    """How many readings are wrong."""
    if not errors.wrong_images:
        return f"{errors.variant} reads all {units.counted(errors.images, noun(report))} right."
    share = units.percent(errors.wrong_images / errors.images)
    count = units.counted(errors.images, noun(report))
    return f"{errors.variant} reads {errors.wrong_images:,} of {count} wrong ({share}), case ignored."


def noun(report: Report) -> str:
    """What the images of the evaluation are called."""
    return "line" if report.dataset is None or report.dataset.kind == "text" else "image"


def _kept(errors: Errors) -> str:
    """Which of them the page shows, and how many with a picture."""
    kept, pictures = len(errors.wrong), sum(bool(found.image) for found in errors.wrong)
    if not kept:
        return ""
    shown = "" if kept == errors.wrong_images else f" The worst {kept:,} are here."
    return f"{shown} The worst stand first{'' if pictures == kept else f', {pictures:,} of them with their picture'}."


def _segments(found: WrongReading, of_classes: bool) -> list[Segment]:
    return [Segment("wrong", found.text, found.reference)] if of_classes else segments(found.reference, found.text)
