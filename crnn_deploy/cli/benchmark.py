"""`crnn-deploy benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from crnn_deploy.cli.console import RichProgress, show, show_json
from crnn_deploy.cli.options import SOURCE, Debug, Json, as_config

if TYPE_CHECKING:
    from crnn_deploy.benchmark.result import Benchmark


def benchmark(
    artifacts: Annotated[list[Path], typer.Argument(metavar="ARTIFACT...", help="Measured in turn, in one run.")],
    data: Annotated[str | None, typer.Option(metavar=SOURCE, help="Real images; default: a line of 100×32.")] = None,
    threads: Annotated[list[int], typer.Option(help="Threads of the runtime; may be repeated.")] = [1],  # noqa: B006
    batch: Annotated[list[int], typer.Option(help="Images a run; may be repeated.")] = [1],  # noqa: B006
    rounds: Annotated[int, typer.Option(help="Most rounds of a configuration.")] = 200,
    seconds: Annotated[float, typer.Option(help="Time budget of a model in a configuration.")] = 2.0,
    warmup: Annotated[int, typer.Option(help="Rounds before, which don't count.")] = 5,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Measure latency, models taking turns so that a noisy machine disturbs them alike.

    \b
    Examples:
      crnn-deploy benchmark teacher.onnx student.int8.onnx
      crnn-deploy benchmark student.int8.onnx --threads 1 --threads 2 --batch 16 --json
      crnn-deploy benchmark student.fp16.engine student.int8.engine --batch 1 --batch 32
    """
    from crnn_deploy.benchmark.benchmark import benchmark as benchmark_artifacts
    from crnn_deploy.benchmark.config import BenchmarkConfig

    options = {"threads": threads, "batches": batch, "rounds": rounds, "seconds": seconds, "warmup": warmup}
    config = as_config(BenchmarkConfig, {"artifacts": artifacts, "data": data, **options})
    with RichProgress() as progress:
        found = benchmark_artifacts(config, progress)
    if as_json:
        show_json(found.model_dump(mode="json"))
    else:
        show(_tables(found))


def _tables(found: Benchmark) -> Group:
    """What was timed, and how fast it ran; each fits 80 columns."""
    from crnn_deploy.units import MISSING, milliseconds, quantity, size

    models = _table(("model", "precision"), ("size", "parameters", "MACs"))
    on_gpu = any(row.device_ms is not None for variant in found.variants for row in variant.latency)
    percentiles = ("median", "p90", "p99", *["on GPU"] * on_gpu)
    times = _table(("model", "runtime"), ("threads", "batch", "width", *percentiles))
    for variant in found.variants:
        models.add_row(
            *map(Text, (variant.name, variant.precision, size(variant.size_bytes))),
            *map(Text, (quantity(variant.parameters), quantity(variant.macs))),
        )
        for row in variant.latency:
            taken = (row.p50_ms, row.p90_ms, row.p99_ms, *[row.device_ms] * on_gpu)
            counts = (str(row.threads), str(row.batch), f"{row.width} {row.bucket}")
            shown = (MISSING if value is None else milliseconds(value) for value in taken)
            times.add_row(*map(Text, (variant.name, row.runtime, *counts, *shown)))
    times.caption = f"{found.environment.processor}, {found.environment.cores} cores"
    return Group(models, times)


def _table(words: tuple[str, ...], figures: tuple[str, ...]) -> Table:
    table = Table(box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    for column in words:
        table.add_column(column, overflow="fold")
    for column in figures:
        table.add_column(column, justify="right", no_wrap=True)
    return table
