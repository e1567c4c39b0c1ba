"""The result of a benchmark, as plain data."""

from __future__ import annotations

from crnn_deploy.benchmark.inputs import MEDIAN, SYNTHETIC
from crnn_deploy.benchmark.measured import Latency, Measured
from crnn_deploy.benchmark.speedup import speed_ratio
from crnn_deploy.config import Frozen
from crnn_deploy.environment import Environment
from crnn_deploy.errors import InputError


class Benchmark(Frozen):
    """Artifacts measured in one run on one machine, and thus comparable."""

    environment: Environment
    variants: tuple[Measured, ...]

    def variant(self, name: str) -> Measured:
        """The variant of this name.

        Raises:
            InputError: if there is none.
        """
        variant = next((v for v in self.variants if v.name == name), None)
        if variant is None:
            names = ", ".join(v.name for v in self.variants)
            raise InputError(f"No variant '{name}' was benchmarked.", fix=f"Choose one of {names}.")
        return variant

    def latency(self, name: str, threads: int = 1, batch: int = 1) -> Latency:
        """The row of a variant on median images (or on the synthetic line, without data).

        Raises:
            InputError: if there is no such variant, or it was not timed so.
        """
        for row in self.variant(name).latency:
            if (row.threads, row.batch) == (threads, batch) and row.bucket in (MEDIAN, SYNTHETIC):
                return row
        raise InputError(
            f"{name} was not timed with {threads} threads and batch {batch}.",
            fix="Add them to the benchmark's threads and batches.",
        )

    def speedup(self, fast: str, slow: str) -> float:
        """How many times faster one variant is than another, by the rule of `benchmark/speedup.py`.

        Raises:
            InputError: if one of the two is unknown, or they were not timed under the same conditions.
        """
        return speed_ratio(self.variant(fast), self.variant(slow)).ratio
