"""Sizes and latencies as bars, as inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crnn_deploy import units
from crnn_deploy.benchmark.measured import Latency
from crnn_deploy.escaping import visible
from crnn_deploy.report.canvas import COLOURS, new_figure, to_svg
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import relation, size_ratio, standing
from crnn_deploy.report.run.tables import latency_settings

NARROW, WIDE = 285, 690  # widths in points; the page scales plots to their column
BAR_PITCH = 32
TITLE = {"loc": "left", "color": COLOURS["ink"], "fontsize": 9.5, "fontweight": "bold", "parse_math": False}


@dataclass(frozen=True)
class Bar:
    """A bar from zero to `value`, with a thin line up to `reach`, and its `label` at the end."""

    name: str
    value: float
    label: str
    state: str
    reach: float = 0.0

    @property
    def end(self) -> float:
        return max(self.value, self.reach)


def sizes(report: Report) -> str:
    """Bytes of the files that ship, with a bar for each variant."""
    bars = []
    for variant in report.variants:
        ratio = relation(size_ratio(report, variant), "smaller", "larger")
        label = " · ".join(part for part in (units.size(variant.size_bytes), ratio) if part)
        bars.append(Bar(variant.name, variant.size_bytes, label, standing(report, variant)))
    figure, grid = new_figure(NARROW, BAR_PITCH * len(bars) + 10)
    _draw(grid[0, 0], bars)
    return to_svg(figure, "sizes", "Sizes of the files; the table of variants has the figures")


def latencies(report: Report) -> str | None:
    """Median latency per width bucket and batch at the smallest thread count; the line reaches to p90."""
    settings = latency_settings(report)
    if not settings:
        return None
    threads = min(row.threads for entries in settings.values() for _, row in entries)
    panels = {title: entries for title, entries in settings.items() if entries[0][1].threads == threads}
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    height = rows * (BAR_PITCH * max(map(len, panels.values())) + 44)
    figure, grid = new_figure(WIDE, height, rows, columns)
    for axes, (title, entries) in zip(grid.flat, panels.items(), strict=False):
        axes.set_title(title[0].upper() + title[1:], **TITLE)
        _draw(
            axes,
            [
                Bar(variant.name, row.p50_ms, _time(row), standing(report, variant), row.p90_ms)
                for variant, row in entries
            ],
        )
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    return to_svg(figure, "latencies", "Latency by width of the images and by batch; the table below has the figures")


def _time(row: Latency) -> str:
    return f"{units.milliseconds(row.p50_ms)}{' on the GPU' if row.device_ms is not None else ''}"


def _draw(axes: Any, bars: list[Bar]) -> None:
    """Horizontal bars, each with its name above it."""
    longest = max(bar.end for bar in bars)
    axes.set_xlim(0, longest * 1.5)
    axes.set_ylim(len(bars) - 0.5, -0.7)
    axes.axis("off")
    for place, bar in enumerate(bars):
        colour = COLOURS[bar.state]
        face = COLOURS["card"] if bar.state in ("rejected", "unproven") else colour
        outline = {"edgecolor": colour, "linewidth": 1.2, "linestyle": (0, (3, 2)) if bar.state == "unproven" else "-"}
        axes.barh(place, bar.value, height=0.34, color=face, **outline)
        if bar.reach > bar.value:
            axes.plot([bar.value, bar.reach], [place, place], color=COLOURS["muted"], linewidth=1)
        weight = "bold" if bar.state == "shipped" else "normal"
        name = {"color": COLOURS["ink"], "weight": weight, "va": "bottom", "parse_math": False}
        axes.text(0, place - 0.26, visible(bar.name), fontsize=8.5, **name)
        axes.text(
            bar.end + longest * 0.025, place, bar.label, fontsize=8.5, color=COLOURS["muted"], va="center_baseline"
        )
