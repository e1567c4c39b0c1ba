"""The plot of accuracy against latency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crnn_deploy.benchmark.speedup import reference_latency
from crnn_deploy.report.canvas import COLOURS, new_figure, to_svg
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.scatter_labels import place_labels
from crnn_deploy.report.run.summary import Metric, metrics, standing
from crnn_deploy.report.run.variant import Variant

MARKERS = {"torch": "s", "onnxruntime": "o", "tensorrt": "D", "tensorrt-rtx": "D"}
SIZE = (396, 290)  # points; the page scales it to its column


@dataclass(frozen=True)
class Point:
    """A variant's place in the plot: ms, percent, and the percents that its interval spans."""

    variant: Variant
    runtime: str
    x: float
    y: float
    low: float
    high: float


def accuracy_against_latency(report: Report) -> str | None:
    """Error (or top-1) over latency on a logarithmic axis, with 95 % intervals. None where nothing has both."""
    metric = metrics(report)[0]
    points = _points(report, metric)
    if not points:
        return None
    figure, grid = new_figure(*SIZE)
    axes = grid[0, 0]
    for point in points:
        _draw(axes, point, standing(report, point.variant))
    _set_axes(axes, points, metric)
    shipped = report.shipped.name
    place_labels(
        axes,
        [(point.x, point.y) for point in points],
        [_name(report, point.variant) for point in points],
        ["bold" if point.variant.name == shipped else "normal" for point in points],
        COLOURS["ink"],
        [_better_corner(axes, metric)],
    )
    return to_svg(figure, "accuracy", f"{metric.label} against latency; the table of variants has the figures")


def _name(report: Report, variant: Variant) -> str:
    marked = variant is report.baseline and "baseline" not in variant.name
    return f"{variant.name} (baseline)" if marked else variant.name


def _points(report: Report, metric: Metric) -> list[Point]:
    points = []
    for variant in report.variants:
        latency, value = reference_latency(variant), metric.of(variant)
        if latency is not None and value is not None:
            low, high = metric.bounds(variant) or (value, value)
            points.append(Point(variant, latency.runtime, latency.p50_ms, 100 * value, 100 * low, 100 * high))
    return points


def _draw(axes: Any, point: Point, state: str) -> None:
    axes.errorbar(
        point.x,
        point.y,
        yerr=[[max(0.0, point.y - point.low)], [max(0.0, point.high - point.y)]],
        fmt=MARKERS.get(point.runtime, "X"),
        color=COLOURS[state],
        markerfacecolor=COLOURS["card" if state == "rejected" else state],
        markersize=8.5,
        markeredgewidth=1.8,
        capsize=3,
    )


def _set_axes(axes: Any, points: list[Point], metric: Metric) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    highest, lowest = max(point.high for point in points), min(point.low for point in points)
    axes.set_xscale("log")
    # Room for a name on either side.
    axes.set_xlim(min(point.x for point in points) / 4, max(point.x for point in points) * 4)
    # An error rate starts at zero, so that heights compare; shares near 100 % need a closer look.
    axes.set_ylim((0, max(1.0, 1.2 * highest)) if metric.lower_is_better else (max(0.0, lowest - 8), highest + 4))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("Latency, ms (1 thread, batch 1, logarithmic)")
    axes.set_ylabel(f"{metric.label}, %")
    axes.grid(True, color=COLOURS["rule"])


def _better_corner(axes: Any, metric: Metric) -> Any:
    height, side, arrow = (0.03, "bottom", "↙") if metric.lower_is_better else (0.97, "top", "↖")
    return axes.text(
        0.02, height, f"{arrow} better", transform=axes.transAxes, color=COLOURS["muted"], va=side, fontsize=9
    )
