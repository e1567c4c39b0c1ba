"""The tables of a run's report."""

from __future__ import annotations

from crnn_deploy import units
from crnn_deploy.benchmark.measured import Latency
from crnn_deploy.benchmark.speedup import reference_latency
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.summary import LABELS, Metric, metrics, size_ratio, speedup, verdict
from crnn_deploy.report.run.variant import Gate, Variant
from crnn_deploy.report.tables import Cell, Table

GATE_MARKS = {"baseline": "• baseline", "passed": "✓ passed", "rejected": "✗ rejected", "unproven": "○ unproven"}


def variants_table(report: Report) -> Table:
    """One row for each variant; what decides stands first, because a phone shows no more."""
    shown = metrics(report)
    columns = (
        Cell("Variant", "format · precision"),
        Cell("Gate"),
        *(Cell(metric.label, "95 %") for metric in shown),
        Cell("Latency", "× faster"),
        Cell("Size", "× smaller"),
        Cell("Params", "MACs"),
    )
    rows = tuple(_variant_row(report, variant, shown) for variant in report.variants)
    return Table(columns, rows, numeric=range(2, 5 + len(shown)))


def comparisons_table(report: Report) -> Table:
    """Each variant against its parent, by a paired bootstrap on the same images."""
    columns = ("Variant", "Verdict", "Change, points", "95 % interval", "Figure", "Parent", "Same answer")
    rows = tuple(
        (
            Cell(pair.variant),
            Cell(verdict(pair)),
            Cell(units.points(pair.difference.delta)),
            Cell(f"{units.points(pair.difference.low)} … {units.points(pair.difference.high)}"),
            Cell(LABELS.get(pair.difference.figure, pair.difference.figure)),
            Cell(pair.parent),
            Cell(units.MISSING if pair.agreement is None else units.percent(pair.agreement)),
        )
        for pair in report.comparisons
    )
    return Table(tuple(map(Cell, columns)), rows, numeric=range(2, 4))


def latency_tables(report: Report) -> dict[str, Table]:
    """Setting (width bucket, batch, threads) → percentiles of every variant measured in it, in ms."""
    return {title: _latency_table(entries) for title, entries in latency_settings(report).items()}


def latency_settings(report: Report) -> dict[str, list[tuple[Variant, Latency]]]:
    """Comparable latencies in groups: the same width bucket, batch and thread count."""
    keyed = [(row.threads, row.batch, variant, row) for variant in report.variants for row in variant.latency]
    groups: dict[str, list[tuple[Variant, Latency]]] = {}
    for threads, batch, variant, row in sorted(keyed, key=lambda entry: entry[:2]):
        title = f"{row.bucket} images, batch {batch}, {threads} thread{'s' if threads > 1 else ''}"
        groups.setdefault(title, []).append((variant, row))
    return groups


def gate_cell(gate: Gate) -> Cell:
    return Cell(GATE_MARKS[gate.status])


def _variant_row(report: Report, variant: Variant, shown: tuple[Metric, ...]) -> tuple[Cell, ...]:
    return (
        Cell(variant.name, f"{variant.format} · {variant.precision}"),
        gate_cell(variant.gate),
        *(_accuracy_cell(variant, metric) for metric in shown),
        _latency_cell(report, variant),
        Cell(units.size(variant.size_bytes), _ratio(size_ratio(report, variant))),
        Cell(units.quantity(variant.parameters), units.quantity(variant.macs)),
    )


def _accuracy_cell(variant: Variant, metric: Metric) -> Cell:
    value, bounds = metric.of(variant), metric.bounds(variant)
    return (
        Cell(units.MISSING) if value is None else Cell(units.percent(value), units.interval(bounds) if bounds else "")
    )


def _latency_cell(report: Report, variant: Variant) -> Cell:
    latency = reference_latency(variant)
    if latency is None:
        return Cell(units.MISSING)
    where = "on the GPU" if latency.on_gpu else ""
    return Cell(units.milliseconds(latency.p50_ms), _ratio(speedup(report, variant)) or where)


def _latency_table(entries: list[tuple[Variant, Latency]]) -> Table:
    """Percentiles are wall clock; the time on the GPU has a column where something ran there."""
    on_gpu = any(row.device_ms is not None for _, row in entries)
    times = ("p50", "p90", "p99", *["On GPU"] * on_gpu, "Preprocess", "Decode")
    columns = ("Variant", *times, "Width", "Rounds", "Runtime")
    rows = tuple(_latency_row(variant, row, on_gpu) for variant, row in entries)
    return Table(tuple(map(Cell, columns)), rows, numeric=range(1, len(columns) - 1))


def _latency_row(variant: Variant, row: Latency, on_gpu: bool) -> tuple[Cell, ...]:
    device = [row.device_ms] * on_gpu
    times = (row.p50_ms, row.p90_ms, row.p99_ms, *device, row.preprocess_ms, row.decode_ms)
    shown = [Cell(units.MISSING if value is None else units.significant(value)) for value in times]
    return (Cell(variant.name), *shown, Cell(_size(row)), Cell(str(row.rounds)), Cell(row.runtime))


def _ratio(value: float | None) -> str:
    """A ratio to the baseline; empty if there is none, or it is 1.00."""
    return "" if value is None or f"{value:.2f}" == "1.00" else units.ratio(value)


def _size(row: Latency) -> str:
    return f"{row.width}{f' × {row.stills} stills' if row.stills else ''}"
