"""The report's plots as inline SVG, drawn by matplotlib in colours that the page's style sheet decides.

Plots are drawn in the light theme's colours; each is then replaced by the CSS variable of the same name, so that one
SVG serves light and dark. Blue, orange and grey stay apart for colour-blind readers, and markers differ too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from crnn_deploy import units
from crnn_deploy.report.labels import place_labels
from crnn_deploy.report.model import Report, TrainingPoint, Variant
from crnn_deploy.report.summary import metrics, reference_latency, size_ratio
from crnn_deploy.report.table import latency_settings

COLOURS = {
    "ink": "#1b2430",
    "muted": "#5e6b7a",
    "rule": "#dde3ea",
    "card": "#fdfefe",
    "baseline": "#8d99a8",
    "passed": "#86b6e8",
    "shipped": "#0f62c4",
    "rejected": "#d9640f",
}
MARKERS = {"torch": "s", "onnxruntime": "o"}
WIDTH = 396  # points; the page scales plots to their column
POINTS_PER_INCH = 72


def accuracy_against_latency(report: Report) -> str | None:
    """Error (or top-1) over latency on a logarithmic axis, with 95 % intervals. None where nothing has both."""
    metric = metrics(report)[0]
    shown = [(v, reference_latency(v), metric.of(v)) for v in report.variants]
    points = [(v, latency.p50_ms, 100 * value) for v, latency, value in shown if latency and value is not None]
    if not points:
        return None
    figure, axes = _figure(WIDTH, 290)
    for variant, x, y in points:
        low, high = metric.bounds(variant) or (y / 100, y / 100)
        bars = [[max(0.0, y - 100 * low)], [max(0.0, 100 * high - y)]]
        colour = COLOURS[status(report, variant)]
        latency = reference_latency(variant)
        marker = MARKERS.get(latency.runtime if latency else "", "D")
        face = COLOURS["card"] if variant.gate.status == "rejected" else colour
        axes.errorbar(
            x,
            y,
            yerr=bars,
            fmt=marker,
            color=colour,
            markerfacecolor=face,
            markersize=8.5,
            markeredgewidth=1.8,
            capsize=3,
        )
    xs, ys = [x for _, x, _ in points], [y for *_, y in points]
    axes.set_xscale("log")
    axes.set_xlim(min(xs) / 2, max(xs) * 2)
    top = max(ys) + max(2.0, 0.25 * max(ys))
    axes.set_ylim((0, top) if metric.lower_is_better else (max(0, min(ys) - 8), min(102.0, max(ys) + 4)))
    _plain_log_ticks(axes)
    axes.set_xlabel("Latency, ms (1 thread, batch 1, logarithmic)")
    axes.set_ylabel(f"{metric.label}, %")
    axes.grid(True, which="major", color=COLOURS["rule"])
    better_at = 0.03 if metric.lower_is_better else 0.97
    arrow = "↙ better" if metric.lower_is_better else "↖ better"
    better = axes.text(
        0.02,
        better_at,
        arrow,
        transform=axes.transAxes,
        color=COLOURS["muted"],
        va="bottom" if metric.lower_is_better else "top",
    )
    names = [_pointed(report, variant) for variant, _, _ in points]
    weights = ["bold" if variant.name == report.shipped.name else "normal" for variant, _, _ in points]
    place_labels(axes, list(zip(xs, ys, strict=True)), names, weights, COLOURS["ink"], [better])
    return _svg(figure, "accuracy")


def sizes(report: Report) -> str:
    """Bytes of the file that ships, one bar a variant."""
    bars = [(variant, variant.size_bytes / 1e6, _size_label(report, variant), None) for variant in report.variants]
    figure, axes = _figure(WIDTH * 0.72, 32 * len(bars) + 10)
    _bars(report, axes, bars)
    return _svg(figure, "sizes")


def latencies(report: Report) -> str | None:
    """Median latency per width bucket and batch at the smallest thread count; whiskers reach to p90."""
    settings = latency_settings(report)
    if not settings:
        return None
    threads = min(row.threads for entries in settings.values() for _, row in entries)
    panels = {title: entries for title, entries in settings.items() if entries[0][1].threads == threads}
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    tallest = max(map(len, panels.values()))
    figure, grid = _figure(WIDTH * 1.75, rows * (32 * tallest + 44), rows, columns)
    for axes, (title, entries) in zip(grid.flat, panels.items(), strict=False):
        axes.set_title(
            title[0].upper() + title[1:],
            loc="left",
            color=COLOURS["ink"],
            fontsize=9.5,
            fontweight="bold",
            parse_math=False,
        )
        _bars(
            report,
            axes,
            [(variant, row.p50_ms, units.milliseconds(row.p50_ms), row.p90_ms) for variant, row in entries],
        )
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_visible(False)
    return _svg(figure, "latencies")


def training_curve(points: tuple[TrainingPoint, ...]) -> str | None:
    """Loss and validation error by epoch, one above the other."""
    if len(points) < 2:
        return None
    checked = [(p.epoch, 100 * p.validation_error) for p in points if p.validation_error is not None]
    figure, grid = _figure(WIDTH * 1.75, 220, 1, 2 if checked else 1)
    series = [("Training loss", [(p.epoch, p.loss) for p in points]), ("Validation error, %", checked)]
    for axes, (title, values) in zip(grid.flat, series, strict=False):
        axes.plot(*zip(*values, strict=True), color=COLOURS["shipped"], linewidth=1.8, marker="o", markersize=3)
        axes.set_title(title, loc="left", color=COLOURS["ink"], fontsize=9.5, fontweight="bold")
        axes.set_xlabel("Epoch")
        axes.set_ylim(bottom=0)
        axes.grid(True, axis="y", color=COLOURS["rule"])
    return _svg(figure, "training")


def status(report: Report, variant: Variant) -> str:
    """Which colour a variant has everywhere in the report: shipped, passed, rejected or baseline."""
    ships = variant.name == report.shipped.name and variant.gate.status == "passed"
    return "shipped" if ships else variant.gate.status


def _bars(report: Report, axes: Any, bars: Sequence[tuple[Variant, float, str, float | None]]) -> None:
    """Horizontal bars; the name stands above its bar, the value behind it."""
    longest = max(max(value, high or 0) for _, value, _, high in bars)
    axes.set_xlim(0, longest * 1.5)
    axes.set_ylim(len(bars) - 0.5, -0.7)
    axes.axis("off")
    for place, (variant, value, label, high) in enumerate(bars):
        colour = COLOURS[status(report, variant)]
        rejected = variant.gate.status == "rejected"
        axes.barh(
            place, value, height=0.34, color=COLOURS["card"] if rejected else colour, edgecolor=colour, linewidth=1.2
        )
        if high:
            axes.plot([value, high], [place, place], color=COLOURS["muted"], linewidth=1)
        weight = "bold" if variant.name == report.shipped.name else "normal"
        axes.text(
            0,
            place - 0.26,
            variant.name,
            fontsize=8.5,
            color=COLOURS["ink"],
            va="bottom",
            weight=weight,
            parse_math=False,
        )
        end = max(value, high or 0) + longest * 0.025
        axes.text(end, place, label, fontsize=8.5, color=COLOURS["muted"], va="center_baseline")


def _size_label(report: Report, variant: Variant) -> str:
    ratio = size_ratio(report, variant)
    size = units.size(variant.size_bytes)
    return size if ratio is None else f"{size} · {units.times(ratio, 'smaller', 'larger')}"


def _pointed(report: Report, variant: Variant) -> str:
    return f"{variant.name} (teacher)" if variant.name == report.teacher.name else variant.name


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    """A transparent figure of the given size in points, and its axes (an array of them if there are several)."""
    from matplotlib.figure import Figure

    figure = Figure((width / POINTS_PER_INCH, height / POINTS_PER_INCH), dpi=POINTS_PER_INCH, layout="constrained")
    figure.patch.set_alpha(0)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(COLOURS["rule"])
        axes.tick_params(colors=COLOURS["muted"], labelsize=8.5, length=0)
        axes.xaxis.label.set(color=COLOURS["muted"], size=8.5)
        axes.yaxis.label.set(color=COLOURS["muted"], size=8.5)
        axes.set_axisbelow(True)
    return figure, grid if rows * columns > 1 else grid[0, 0]


def _plain_log_ticks(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _svg(figure: Any, name: str) -> str:
    """The figure as an `<svg>` element: themed, without addresses, with ids of its own, the same every time."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = buffer.getvalue()
    tag, body = svg[svg.index("<svg") :].split(">", 1)
    view = re.search(r'viewBox="[^"]*"', tag)
    svg = f"<svg {view.group() if view else ''}>{body}"
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    for variable, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg
