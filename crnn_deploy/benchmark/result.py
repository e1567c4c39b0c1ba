"""The result of a benchmark, as plain data."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.benchmark.inputs import MEDIAN, SYNTHETIC
from crnn_deploy.config import Frozen
from crnn_deploy.environment import Environment
from crnn_deploy.errors import InputError


class Latency(Frozen):
    """Milliseconds of one run of the network on a batch `[batch, C, H, width]`, over `rounds` interleaved rounds.

    `bucket` names the shape of the images: `median`, `narrow` or `wide` among the data's, or `100x32` without data.
    `preprocess_ms` and `decode_ms` are medians for a single image, not part of the run. Preprocessing starts from the
    decoded image; decoding is greedy. `device_ms` is the median time between two CUDA events around the network on a
    GPU, without the copies to and from it that the percentiles include; None on a CPU.
    """

    runtime: str
    threads: int
    batch: int
    width: int
    bucket: str
    p50_ms: float
    p90_ms: float
    p99_ms: float
    rounds: int
    preprocess_ms: float
    decode_ms: float
    device_ms: float | None = None


class Measured(Frozen):
    """Size and speed of one artifact; `size_bytes` is the file that ships."""

    name: str
    path: Path
    format: str
    precision: str
    size_bytes: int
    parameters: int
    macs: int
    latency: tuple[Latency, ...]


class Benchmark(Frozen):
    """Artifacts measured in one run on one machine, and thus comparable."""

    environment: Environment
    variants: tuple[Measured, ...]

    def latency(self, name: str, threads: int = 1, batch: int = 1) -> Latency:
        """The row of a variant on median images (or on the synthetic line, without data).

        Raises:
            InputError: if there is no such variant, or it was not timed so.
        """
        variant = next((v for v in self.variants if v.name == name), None)
        if variant is None:
            names = ", ".join(v.name for v in self.variants)
            raise InputError(f"No variant '{name}' was benchmarked.", fix=f"Choose one of {names}.")
        for row in variant.latency:
            if (row.threads, row.batch) == (threads, batch) and row.bucket in (MEDIAN, SYNTHETIC):
                return row
        raise InputError(
            f"{name} was not timed with {threads} threads and batch {batch}.",
            fix="Add them to the benchmark's threads and batches.",
        )

    def speedup(self, fast: str, slow: str) -> float:
        """How many times faster: ratio of the median latencies at 1 thread, batch 1, on median images.

        Raises:
            InputError: if one of the two was not timed so, or they ran in different runtimes, where the ratio would
                mix what the model gained with what the runtime did.
        """
        quick, long = self.latency(fast), self.latency(slow)
        if quick.runtime != long.runtime:
            raise InputError(
                f"{fast} ran in {quick.runtime} and {slow} in {long.runtime}: they don't make a speed-up.",
                fix="Export both to the same format, and benchmark those.",
            )
        return long.p50_ms / quick.p50_ms
