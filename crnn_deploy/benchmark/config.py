"""Options of `benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.runtime.config import Threads

Positive = Annotated[int, Field(gt=0)]


class BenchmarkOptions(Frozen):
    threads: tuple[Threads, ...] = Field(default=(1,), min_length=1, description="thread counts of the runtime")
    batches: tuple[Positive, ...] = Field(default=(1,), min_length=1, description="images a run")
    rounds: int = Field(default=200, gt=0, description="most rounds of a configuration")
    seconds: float = Field(default=2.0, gt=0, description="time budget of a candidate in a configuration")
    warmup: int = Field(default=5, ge=0, description="rounds before, not counted")

    def with_paths(self, artifacts: tuple[Path, ...], data: str | None) -> BenchmarkConfig:
        """These options for some models."""
        return BenchmarkConfig(**dict(self), artifacts=artifacts, data=data)


class BenchmarkConfig(BenchmarkOptions):
    artifacts: tuple[Path, ...] = Field(min_length=1)
    data: str | None = Field(default=None, description="real images, labelled or not; absent: a grey 100×32 line")
