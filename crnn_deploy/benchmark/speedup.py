"""The one rule of speed-up, for gates, reports and benchmarks.

A speed-up is the ratio of two undisturbed times of one benchmark: same runtime, same device (CPU or GPU), one thread,
batch 1, images of median width. It has an interval, and no gate claims what the interval does not tell. It refers to
the baseline: the first of the baseline variants that was measured under the same conditions. A ratio between two
runtimes or devices would mix the gain of the model with theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from crnn_deploy.benchmark.inputs import MEDIAN
from crnn_deploy.benchmark.measured import Latency, Measured
from crnn_deploy.benchmark.undisturbed import Speedup, speedup_between
from crnn_deploy.errors import InputError

M = TypeVar("M", bound=Measured)


def reference_latency(model: Measured) -> Latency | None:
    """The row that speed-ups are taken from: one thread, batch 1, median width (or the only width that was timed)."""
    rows = [row for row in model.latency if row.threads == row.batch == 1]
    return next((row for row in rows if row.bucket == MEDIAN), rows[0] if rows else None)


def comparable_baseline(model: Measured, baselines: Iterable[M]) -> M | None:
    """The first of `baselines` that was measured under the same conditions as `model`; it may be `model` itself."""
    row = reference_latency(model)
    for baseline in baselines:
        other = reference_latency(baseline)
        if row is not None and other is not None and _conditions(row) == _conditions(other):
            return baseline
    return None


def speed_ratio(fast: Measured, slow: Measured) -> Speedup:
    """How many times faster `fast` is than `slow`.

    Raises:
        InputError: if one of them was not timed with one thread and batch 1, or not under the same conditions.
    """
    quick, long = _required(fast), _required(slow)
    if quick.runtime != long.runtime or quick.on_gpu != long.on_gpu:
        raise InputError(
            f"{fast.name} ran in {_where(quick)} and {slow.name} in {_where(long)}: these are not comparable.",
            "A ratio between two runtimes or devices does not show what the model gained.",
            "Export both to the same format, and benchmark those.",
        )
    if quick.bucket != long.bucket:
        raise InputError(
            f"{fast.name} was not timed with 1 threads and batch 1 on {long.bucket} images, as {slow.name} was.",
            fix="Benchmark both on the same data in one run.",
        )
    return latency_ratio(quick, long)


def latency_ratio(fast: Latency, slow: Latency) -> Speedup:
    """The ratio of two rows of one benchmark; of their medians, where they come from an earlier version."""
    if fast.undisturbed is None or slow.undisturbed is None:
        return Speedup(slow.p50_ms / fast.p50_ms)
    return speedup_between(fast.undisturbed, slow.undisturbed)


def _required(model: Measured) -> Latency:
    row = reference_latency(model)
    if row is None:
        raise InputError(
            f"{model.name} was not timed with 1 threads and batch 1.",
            fix="Add them to the benchmark's threads and batches.",
        )
    return row


def _conditions(row: Latency) -> tuple[str, bool, str]:
    return row.runtime, row.on_gpu, row.bucket


def _where(row: Latency) -> str:
    return f"{row.runtime} on {'the GPU' if row.on_gpu else 'the CPU'}"
