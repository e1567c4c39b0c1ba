"""What the speed benchmarks share: timing in turns, settings for one session, and the files with the results."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.benchmark.timing import Act, InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Clock, undisturbed
from crnn_deploy.environment import environment
from crnn_deploy.report.run.markdown import escape, markdown_table
from crnn_deploy.report.run.provenance import environment_facts
from crnn_deploy.report.run.tables import Cell, Table

WARMUP = 3


@contextmanager
def variable(name: str, value: str | None) -> Iterator[None]:
    """Set an environment variable for a while; None leaves it as it is."""
    before = os.environ.get(name)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        if before is not None:
            os.environ[name] = before
        elif value is not None:
            del os.environ[name]


def medians(acts: Sequence[Act], rounds: int, seconds: float) -> list[float]:
    """Median milliseconds of each act, all run in turns."""
    return [float(np.median(times.wall)) / 1e6 for times in InterleavedTimer(rounds, seconds, WARMUP).time(acts)]


def undisturbed_ms(acts: Sequence[Act], rounds: int, seconds: float, clock: Clock) -> list[float]:
    """Undisturbed milliseconds of each act, all run in turns."""
    return [undisturbed(times, clock).ms for times in InterleavedTimer(rounds, seconds, WARMUP).time(acts)]


def paired_medians(acts: Sequence[Act], rounds: int, seconds: float) -> list[tuple[float, float]]:
    """Median milliseconds of each act right after another one, and right after itself; all run in turns.

    Sessions of different runtimes slow each other down: with OpenVINO's among them, a student takes 0.26 ms in ONNX
    Runtime instead of 0.14, and 0.47 ms in OpenVINO instead of 0.27. An act that follows itself takes the time that it
    takes alone, within a few percent.
    """
    times = medians([act for act in acts for _ in range(2)], rounds, seconds)
    return list(zip(times[0::2], times[1::2], strict=True))


def decibels(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float | None:
    """Power of the signal over that of the noise; None where there is none."""
    noise = float(np.square(expected - found, dtype=np.float64).sum())
    return 10 * float(np.log10(np.square(expected, dtype=np.float64).sum() / noise)) if noise else None


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], text_columns: int = 1) -> str:
    """A Markdown table; columns behind the first `text_columns` hold numbers."""
    return markdown_table(
        Table(
            tuple(map(Cell, columns)),
            tuple(tuple(map(Cell, row)) for row in rows),
            numeric=range(text_columns, len(columns)),
        )
    )


def write_results(
    stem: Path,
    title: str,
    blocks: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    packages: Mapping[str, str] | None = None,
) -> None:
    """Write STEM.json with `rows` and STEM.md with `blocks`, both with the date, the machine and the options.

    Args:
        packages: versions of what took part besides that which `crnn_deploy.environment` lists.
    """
    found = environment()
    found = found.model_copy(update={"packages": {**found.packages, **(packages or {})}})
    date = datetime.date.today().isoformat()
    facts = [f"- {label}: {escape(value)}" for label, value in environment_facts(found)]
    settings = [f"- {name}: {escape(str(value))}" for name, value in options.items()]
    stem.parent.mkdir(parents=True, exist_ok=True)
    data = {"date": date, "environment": found.model_dump(mode="json"), "options": options, "rows": rows}
    stem.with_name(f"{stem.name}.json").write_text(
        json.dumps(data, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
    )
    parts = [f"# {title}", *blocks, f"## Measured {date}", "\n".join([*facts, *settings])]
    stem.with_name(f"{stem.name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
