"""The report as one self-contained HTML page: inline CSS and SVG, no scripts, no requests; the page of wrong readings
lies beside it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from crnn_deploy import units
from crnn_deploy.benchmark.speedup import reference_latency
from crnn_deploy.data.picture import open_image, picture
from crnn_deploy.report.explanation.figures import ClassFigure, LineFigure, class_figure, line_figure
from crnn_deploy.report.html_page import Tile, render_page, require_extra
from crnn_deploy.report.run import plots
from crnn_deploy.report.run.confusion import confusion_summary, confusion_table
from crnn_deploy.report.run.confusion_plot import confusion_matrix
from crnn_deploy.report.run.decision import decision
from crnn_deploy.report.run.engines import engines_summary, engines_table
from crnn_deploy.report.run.error_plots import errors_by_length, errors_by_width, rejection_curve, times_by_width
from crnn_deploy.report.run.error_tables import (
    characters_table,
    length_errors_table,
    rejections_table,
    width_errors_table,
)
from crnn_deploy.report.run.examples import THUMBNAIL
from crnn_deploy.report.run.provenance import dataset_facts, environment_facts
from crnn_deploy.report.run.reading import reading_note, reading_table, reading_tiles, width_table
from crnn_deploy.report.run.report import ExampleLine, Report
from crnn_deploy.report.run.scatter import accuracy_against_latency
from crnn_deploy.report.run.spelling import Segment, same, segments
from crnn_deploy.report.run.summary import (
    TOP1,
    called,
    error_label,
    metrics,
    ran_on_gpu,
    relation,
    size_ratio,
    speed_baseline,
    speed_footnote,
    speedup,
    standing,
)
from crnn_deploy.report.run.tables import GATE_MARKS, comparisons_table, latency_tables, variants_table
from crnn_deploy.report.run.training_plots import training_curves
from crnn_deploy.report.run.variant import Variant
from crnn_deploy.report.run.wrong_page import WRONG_PAGE, wrong_summary


@dataclass(frozen=True)
class SharedReading:
    """A text that one or more variants read."""

    names: tuple[str, ...]
    right: bool
    segments: tuple[Segment, ...]


def render_html(report: Report) -> str:
    """The whole page. Equal reports give equal bytes.

    Raises:
        InputError: if jinja2 or matplotlib is not installed.
    """
    require_extra()
    return render_page("report.html.j2", {**_content(report), **_reading(report), **_errors(report)}, _draw(report))


def _draw(report: Report) -> dict[str, str | None]:
    """The plots by name, as SVG."""
    return {
        "accuracy": accuracy_against_latency(report),
        "sizes": plots.sizes(report),
        "latencies": plots.latencies(report),
        "training": training_curves(report.training),
        "confusion": confusion_matrix(report.confusion),
        "widths": times_by_width(report),
        "by_width": errors_by_width(report.errors),
        "by_length": errors_by_length(report.errors),
        "rejection": rejection_curve(report.errors, error_label(report)),
    }


def _content(report: Report) -> dict[str, Any]:
    return {
        "report": report,
        "title": report.title,
        "decision": decision(report),
        "tiles": _tiles(report),
        "metric": metrics(report)[0],
        "gate_marks": GATE_MARKS,
        "states": {variant.name: standing(report, variant) for variant in report.variants},
        "variants": variants_table(report),
        "footnote": speed_footnote(report),
        "on_gpu": any(map(ran_on_gpu, report.variants)),
        "comparisons": comparisons_table(report),
        "engines_summary": engines_summary(report),
        "engines": engines_table(report),
        **_confusions(report),
        "latency": latency_tables(report),
        "examples": [(example, _readings(report, example), _explained(example)) for example in report.examples],
        "any_explained": any(example.explanation for example in report.examples),
        "dataset_facts": dataset_facts(report.dataset) if report.dataset else [],
        "environment_facts": environment_facts(report.environment),
    }


def _reading(report: Report) -> dict[str, Any]:
    return {
        "reading_note": reading_note(report),
        "reading_table": reading_table(report),
        "width_table": width_table(report),
    }


def _errors(report: Report) -> dict[str, Any]:
    errors = report.errors
    if errors is None:
        return {}
    return {
        "wrong_summary": wrong_summary(report, errors),
        "wrong_page": WRONG_PAGE,
        "width_errors": width_errors_table(errors),
        "length_errors": length_errors_table(errors),
        "characters": characters_table(errors),
        "rejections": rejections_table(errors, error_label(report)),
    }


def _confusions(report: Report) -> dict[str, Any]:
    of = report.confusion
    if of is None:
        return {"confused": None}
    return {"confused": confusion_table(of), "confusion_summary": confusion_summary(of, table=not of.counts)}


def _tiles(report: Report) -> list[Tile]:
    """Accuracy, speed and size of what ships, as far as they were measured; what decides first."""
    shipped, baseline = report.shipped, report.baseline
    tiles = []
    for metric in metrics(report):
        after, before = metric.of(shipped), metric.of(baseline)
        if after is not None:
            told = "" if shipped is baseline or before is None else f"{units.percent(before)} "
            tiles.append(Tile(metric.label, units.percent(after), f"{told}in {called(baseline)}"))
    if shipped.reading is not None:
        tiles += reading_tiles(shipped.reading)
    latency = reference_latency(shipped)
    if latency is not None:
        faster = relation(speedup(report, shipped), "faster", "slower")
        context = _than(faster, speed_baseline(report, shipped))
        where = "on the GPU" if ran_on_gpu(shipped) else "one thread"
        tiles.append(Tile(f"Network alone, {where}", units.milliseconds(latency.p50_ms), context))
    smaller = relation(size_ratio(report, shipped), "smaller", "larger")
    return [*tiles, Tile("File size", units.size(shipped.size_bytes), _than(smaller, baseline))]


def _than(claim: str, other: Variant | None) -> str:
    return f"{claim} than {called(other)}" if claim and other else ""


def _explained(example: ExampleLine) -> LineFigure | ClassFigure | None:
    """The figure of what the example looked like to the variant that is explained."""
    found = example.explanation
    if found is None:
        return None
    if not found.choices:
        return line_figure(found, example.image, THUMBNAIL[1])
    data = base64.b64decode(example.image.partition(",")[2])
    return class_figure(found, picture(open_image(data, example.item), example.item, "RGB"))


def _readings(report: Report, example: ExampleLine) -> list[SharedReading]:
    """The readings of one line, equal ones together, in the order of the variants."""
    by_text: dict[str, list[Variant]] = {}
    for variant in report.variants:
        if variant.name in example.readings:
            by_text.setdefault(example.readings[variant.name], []).append(variant)
    whole = metrics(report)[0] is TOP1  # a class is right or wrong as a whole
    readings = []
    for text, variants in by_text.items():
        right = same(example.reference, text)
        marked = (
            [Segment("wrong", text, example.reference)] if whole and not right else segments(example.reference, text)
        )
        readings.append(SharedReading(tuple(variant.name for variant in variants), right, tuple(marked)))
    return readings
