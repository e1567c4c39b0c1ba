"""What whole lines cost in the variants that a `Reader` was timed with."""

from __future__ import annotations

from crnn_deploy import units
from crnn_deploy.benchmark.reading_cost import ReadingCost
from crnn_deploy.benchmark.speedup import reference_latency
from crnn_deploy.report.html_page import Tile
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.variant import Variant
from crnn_deploy.report.tables import Cell, Table

_WAITED = 1.25  # times its CPU time that the median line takes on a busy machine


def reading_costs(report: Report) -> list[tuple[Variant, ReadingCost]]:
    """The variants with what reading costs with them."""
    return [(variant, variant.reading) for variant in report.variants if variant.reading is not None]


def reading_table(report: Report) -> Table:
    """Whole lines beside the network alone; then speed in batches, and what a new process needs."""
    costs = reading_costs(report)
    columns = (
        Cell("Variant"),
        Cell("Whole line", "90 % below"),
        Cell("Network alone"),
        Cell("Lines a second", _cores(costs[0][1]) if costs else ""),
        Cell("Memory", "peak"),
        Cell("First line", "CPU time"),
    )
    return Table(columns, tuple(_row(variant, cost) for variant, cost in costs), numeric=range(1, len(columns)))


def width_table(report: Report) -> Table:
    """The median time of lines by their width, with a column for each variant."""
    measured = reading_costs(report)
    groups = measured[0][1].by_width if measured else ()
    costs = [(variant, cost) for variant, cost in measured if len(cost.by_width) == len(groups)]
    rows = tuple(
        (
            Cell(aspect_span(group.narrowest, group.widest), units.counted(group.lines, "line")),
            *(Cell(units.milliseconds(cost.by_width[index].p50_ms)) for _, cost in costs),
        )
        for index, group in enumerate(groups)
    )
    columns = (Cell("Width ÷ height"), *(Cell(variant.name) for variant, _ in costs))
    return Table(columns, rows, numeric=range(1, len(columns)))


def reading_tiles(cost: ReadingCost) -> list[Tile]:
    """The main figures of what reading costs."""
    tiles = [
        Tile(
            "Whole line, one thread", units.milliseconds(cost.p50_ms), f"90 % below {units.milliseconds(cost.p90_ms)}"
        ),
        Tile("Lines a second", units.significant(cost.lines_per_second), f"in batches, {_cores(cost)}"),
    ]
    if cost.peak_bytes is not None:
        tiles.append(Tile("Memory", units.size(cost.peak_bytes), "peak, of a new process"))
    seconds = f"{units.significant(cost.first_line_seconds)}{units.NBSP}s"
    return [*tiles, Tile("Import and first line", seconds, "of CPU time")]


def reading_note(report: Report) -> str:
    """How the costs were measured, and whether the machine was busy; empty where there are none."""
    costs = reading_costs(report)
    if not costs:
        return ""
    first = costs[0][1]
    told = (
        "From the bytes of an image file to text with crnn_deploy.Reader, "
        f"{units.counted(first.lines, 'line')} in turns: "
        f"one by one on one thread (medians by the wall clock), then in batches on {_cores(first)}. "
        "Memory and first line are those of a new process that imports the package and reads one line."
    )
    slowed = [(variant.name, cost) for variant, cost in costs if cost.p50_ms > _WAITED * cost.cpu_ms]
    if not slowed:
        return told
    needed = ", ".join(f"{units.milliseconds(cost.cpu_ms)} of {name}" for name, cost in slowed)
    return f"{told} Busy machine: the median line waited for the core; it needs {needed}."


def aspect_span(lowest: float, highest: float) -> str:
    """Such as 2.1–3.7."""
    low, high = f"{lowest:.1f}", f"{highest:.1f}"
    return low if low == high else f"{low}–{high}"


def _cores(cost: ReadingCost) -> str:
    return units.counted(cost.cores, "core")


def _row(variant: Variant, cost: ReadingCost) -> tuple[Cell, ...]:
    network = reference_latency(variant)
    return (
        Cell(variant.name),
        Cell(units.milliseconds(cost.p50_ms), units.milliseconds(cost.p90_ms)),
        Cell(units.MISSING if network is None else units.milliseconds(network.p50_ms)),
        Cell(units.significant(cost.lines_per_second)),
        Cell(units.MISSING if cost.peak_bytes is None else units.size(cost.peak_bytes)),
        Cell(f"{units.significant(cost.first_line_seconds)}{units.NBSP}s"),
    )
