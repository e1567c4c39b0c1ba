"""A report on disk: `report.json`, `report.md` and, if the extra `report` is installed, its HTML pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text
from crnn_deploy.evaluation.primary_error import ERROR_NAMES
from crnn_deploy.files import write_text
from crnn_deploy.report.config import ReportConfig
from crnn_deploy.report.run.markdown import render_markdown
from crnn_deploy.report.run.page import render_html
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.wrong_page import REPORT_PAGE, WRONG_PAGE, render_wrong
from crnn_deploy.text_formats import read_json
from crnn_deploy.validation import parse

_NO_ENGINES = "This report is of version 0.1: run the recipe again to see how its engines were built."
JSON_NAME, MARKDOWN_NAME = "report.json", "report.md"


@dataclass(frozen=True)
class Written:
    """Which files a report became, and why there is no HTML page if it is missing."""

    files: tuple[Path, ...]
    html_error: InputError | None = None


@dataclass(frozen=True)
class StoredReport:
    """A report that was read, and the files that it was written to again; None where it was not."""

    report: Report
    written: Written | None


def reread_report(config: ReportConfig) -> StoredReport:
    """Read the report of a run, and write it again where the config names a folder.

    Raises:
        InputError: if there is no report, or the folder can't be written.
    """
    report = read_report(config.run)
    return StoredReport(report, write_report(report, config.output) if config.output else None)


def write_report(report: Report, folder: Path) -> Written:
    """Write the report into `folder`, over an older one. The same report gives the same bytes.

    Without matplotlib and jinja2 (the extra `report`) JSON and Markdown are still written; `html_error` says why the
    pages are missing.

    Raises:
        InputError: if the folder can't be written.
    """
    texts = {JSON_NAME: render_json(report), MARKDOWN_NAME: render_markdown(report)}
    html_error = None
    try:
        texts[REPORT_PAGE] = render_html(report)
        if report.errors is not None:
            texts[WRONG_PAGE] = render_wrong(report, report.errors)
    except InputError as error:
        html_error = error
    for name, text in texts.items():
        write_text(folder / name, text)
    for page in {REPORT_PAGE, WRONG_PAGE} - texts.keys():
        (folder / page).unlink(missing_ok=True)  # an older page would contradict the new figures
    return Written(tuple(folder / name for name in texts), html_error)


def render_json(report: Report) -> str:
    """The report as indented JSON; `read_report` takes it back without loss."""
    return json_text(report.model_dump(mode="json", by_alias=True)) + "\n"


def read_report(path: Path | str) -> Report:
    """Read a `report.json`, or the one in a run's folder.

    Raises:
        InputError: if there is none, or it is not a report.
    """
    path = Path(path)
    if path.is_dir():
        path = path / JSON_NAME
    if not path.exists():
        raise InputError(f"{path} does not exist.", fix="Name a report.json or the folder of a finished run.")
    try:
        data = read_json(path)
    except InputError as error:
        raise InputError(f"{path} is not a report.", str(error), "Make it again with crnn-deploy run.") from None
    if isinstance(data, dict) and data.get("schema") == 1:
        return _read_schema_1(data, str(path))
    return parse(Report, data, str(path))


def _read_schema_1(data: dict[str, Any], origin: str) -> Report:
    """A report of version 0.1: other name of 1 - top-1, other records of engines; the names of variants stay."""
    report = parse(Report, {**data, "schema": 2, "engines": {}}, origin)
    comparisons = tuple(
        pair.model_copy(update={"difference": pair.difference.model_copy(update={"figure": ERROR_NAMES["top1"]})})
        if pair.difference.figure == "error"
        else pair
        for pair in report.comparisons
    )
    notes = (*report.notes, *([_NO_ENGINES] if data.get("engines") else []))
    return report.model_copy(update={"comparisons": comparisons, "notes": notes})
