"""`crnn-deploy benchmark`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from crnn_deploy import api
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.escaping import visible

if TYPE_CHECKING:
    from crnn_deploy.benchmark.result import Benchmark


def benchmark(config: BenchmarkConfig, as_json: bool) -> None:
    """Measure latency; the models take turns, so that a noisy machine disturbs all of them alike.

    \b
    Examples:
      crnn-deploy benchmark teacher.onnx student.int8.onnx
      crnn-deploy benchmark student.int8.onnx --threads 1 --threads 2 --batch 16 --json
      crnn-deploy benchmark student.fp16.engine student.int8.engine --batch 1 --batch 32
    """
    with RichProgress() as progress:
        result = api.benchmark(config, progress)
    if as_json:
        show_json(result.model_dump(mode="json"), config)
    else:
        show(_tables(result))


def _tables(result: Benchmark) -> Group:
    """What was timed, and how fast it ran; each fits 80 columns."""
    from crnn_deploy.benchmark.wording import disturbance_of
    from crnn_deploy.units import MISSING, milliseconds, quantity, size

    models = _table(("model", "precision", "runtime"), ("size", "parameters", "MACs"))
    on_gpu = any(row.device_ms is not None for variant in result.variants for row in variant.latency)
    percentiles = ("undisturbed", "median", "p90", "p99", *["on GPU"] * on_gpu)
    times = _table(("model",), ("threads", "batch", "width", *percentiles))
    for variant in result.variants:
        runtime = next((row.runtime for row in variant.latency), MISSING)
        models.add_row(
            *map(Text, (visible(variant.name), variant.precision, runtime, size(variant.size_bytes))),
            *map(Text, (quantity(variant.parameters), quantity(variant.macs))),
        )
        for row in variant.latency:
            least = None if row.undisturbed is None else row.undisturbed.ms
            taken = (least, row.p50_ms, row.p90_ms, row.p99_ms, *[row.device_ms] * on_gpu)
            counts = (
                str(row.threads),
                str(row.batch),
                f"{row.width}{f'×{row.stills}' if row.stills else ''} {row.bucket}",
            )
            shown = (MISSING if value is None else milliseconds(value) for value in taken)
            times.add_row(*map(Text, (visible(variant.name), *counts, *shown)))
    machine = f"{result.environment.processor}, {result.environment.cores} cores"
    told = disturbance_of(row for variant in result.variants for row in variant.latency)
    times.caption = f"{machine}\n{told}" if told else machine
    return Group(models, times, *([_whole_lines(result)] if any(v.reading for v in result.variants) else []))


def _whole_lines(result: Benchmark) -> Table:
    """What whole lines cost with `crnn_deploy.Reader`."""
    from crnn_deploy.units import MISSING, NBSP, milliseconds, significant, size

    table = _table(("model",), ("whole line", "p90", "lines/s", "memory", "first line"))
    for variant in result.variants:
        if (cost := variant.reading) is not None:
            shown = (
                milliseconds(cost.p50_ms),
                milliseconds(cost.p90_ms),
                significant(cost.lines_per_second),
                MISSING if cost.peak_bytes is None else size(cost.peak_bytes),
                f"{significant(cost.first_line_seconds)}{NBSP}s CPU",
            )
            table.add_row(*map(Text, (visible(variant.name), *shown)))
    table.caption = "Image file to text: one by one on one thread, then in batches on all cores"
    return table


def _table(words: tuple[str, ...], figures: tuple[str, ...]) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    for column in words:
        table.add_column(column, overflow="fold")
    for column in figures:
        table.add_column(column, justify="right", no_wrap=True)
    return table
