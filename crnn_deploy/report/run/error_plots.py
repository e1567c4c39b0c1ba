"""Plots of where a variant goes wrong, and of what lines cost by their width, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from crnn_deploy import units
from crnn_deploy.escaping import visible
from crnn_deploy.evaluation.grouped import ErrorGroup
from crnn_deploy.report.canvas import COLOURS, new_figure, to_svg
from crnn_deploy.report.run.errors import Errors
from crnn_deploy.report.run.reading import aspect_span, reading_costs
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import standing

SIZE = (330, 200)  # points; the page scales it to its column, and a phone to nearly this


def errors_by_width(errors: Errors | None) -> str | None:
    """The CER by width of the lines, with 95 % intervals; None where it is not known."""
    groups = () if errors is None else errors.by_width
    names = [aspect_span(group.lowest, group.highest) for group in groups]
    return _bars(groups, names, "by-width", "CER by width of the line") if groups else None


def errors_by_length(errors: Errors | None) -> str | None:
    """The CER by length of the labels, with 95 % intervals; None where it is not known."""
    groups = () if errors is None else errors.by_length
    names = [units.span(round(group.lowest), round(group.highest)) for group in groups]
    return _bars(groups, names, "by-length", "CER by characters of the label") if groups else None


def rejection_curve(errors: Errors | None, error_label: str) -> str | None:
    """The error of what is left over the share of images that are rejected, the least confident first."""
    if errors is None or len(errors.rejections) < 2:
        return None
    figure, grid = new_figure(*SIZE)
    axes = grid[0, 0]
    rejected = [100 * each.rejected for each in errors.rejections]
    curves = [("wrong images", [100 * each.wrong for each in errors.rejections], "baseline")]
    curves.append((error_label, [100 * each.error for each in errors.rejections], "shipped"))
    if error_label != "CER":  # of a classifier both are the same
        curves = curves[1:]
    for name, values, colour in curves:
        axes.plot(rejected, values, color=COLOURS[colour], linewidth=1.8, label=name, marker="o", markersize=3)
    axes.set_xlabel("Rejected, % of the images, the least confident first")
    axes.set_ylabel("Left in the rest, %")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, None)
    axes.grid(True, color=COLOURS["rule"])
    legend = axes.legend(frameon=False, fontsize=8.5)
    for text in legend.get_texts():
        text.set(color=COLOURS["muted"])
    return to_svg(figure, "rejection", f"{error_label} of what is left over the share of images that are rejected")


def times_by_width(report: Report) -> str | None:
    """The median time of whole lines over their width, for each variant, on a logarithmic axis."""
    curves = [(variant, cost.by_width) for variant, cost in reading_costs(report) if cost.by_width]
    if not curves:
        return None
    figure, grid = new_figure(*SIZE)
    axes = grid[0, 0]
    for variant, groups in curves:
        middles = [(group.narrowest + group.widest) / 2 for group in groups]
        times = [group.p50_ms for group in groups]
        axes.plot(middles, times, color=COLOURS[standing(report, variant)], linewidth=1.8, marker="o", markersize=4)
        style = {"color": COLOURS["ink"], "fontsize": 8.5, "va": "bottom", "ha": "right", "parse_math": False}
        axes.annotate(
            visible(variant.name), (middles[-1], times[-1]), xytext=(0, 4), textcoords="offset points", **style
        )
    axes.set_yscale("log")
    _plain_numbers(axes.yaxis)
    axes.set_xlabel("Width ÷ height of the line")
    axes.set_ylabel("Whole line, ms (logarithmic)")
    axes.grid(True, color=COLOURS["rule"])
    return to_svg(figure, "widths", "Time of whole lines by their width; the table beside it has the figures")


def _plain_numbers(axis: Any) -> None:
    """1, 2, 5, 10, … on a logarithmic axis instead of powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _bars(groups: Sequence[ErrorGroup], names: Sequence[str], name: str, title: str) -> str:
    figure, grid = new_figure(*SIZE)
    axes = grid[0, 0]
    errors = np.array([[group.low, group.error, group.high] for group in groups]) * 100
    places = range(len(groups))
    axes.bar(places, errors[:, 1], width=0.6, color=COLOURS["passed"])
    reach = np.maximum(np.abs(errors[:, [0, 2]] - errors[:, [1]]), 0).T
    axes.errorbar(places, errors[:, 1], yerr=reach, fmt="none", color=COLOURS["muted"], capsize=3, linewidth=1)
    axes.set_xticks(places, names)
    axes.set_ylim(0, max(1.1 * float(errors.max()), 0.1))
    axes.set_ylabel("CER, %")
    axes.grid(True, axis="y", color=COLOURS["rule"])
    return to_svg(figure, name, f"{title}; the table below has the figures")
