"""Options of `benchmark`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import MODEL_SUFFIXES, Argument, Frozen, Option, SourceName, TrustModule
from crnn_deploy.runtime.config import Threads

Positive = Annotated[int, Field(gt=0)]


class BenchmarkOptions(Frozen):
    """How long and in which settings models are timed."""

    threads: tuple[Threads, ...] = Field(
        default=(1,), min_length=1, description="Threads of the runtime; may be repeated."
    )
    batches: Annotated[tuple[Positive, ...], Option(name="batch")] = Field(
        default=(1,), min_length=1, description="Images in a run; may be repeated."
    )
    rounds: int = Field(default=200, gt=0, description="Most rounds of a setting on a quiet machine.")
    seconds: float = Field(
        default=2.0,
        gt=0,
        description="Time budget of one model in a setting; six times as much where the machine is too busy to tell.",
    )
    warmup: int = Field(default=5, ge=0, description="Rounds before the timing, which are not counted.")

    lines: int = Field(
        default=200,
        ge=0,
        description="With data: lines that ONNX models read whole, as programs do: one by one, in batches and in new "
        "processes; 0: none.",
    )

    def with_paths(self, artifacts: tuple[Path, ...], data: str | None, trust_module: bool = False) -> BenchmarkConfig:
        """These options for some models."""
        return BenchmarkConfig(**dict(self), artifacts=artifacts, data=data, trust_module=trust_module)


class BenchmarkConfig(BenchmarkOptions):
    """One benchmark of several models side by side."""

    artifacts: Annotated[tuple[Path, ...], Argument(metavar="ARTIFACT", suffixes=MODEL_SUFFIXES)] = Field(
        min_length=1,
        description="The models; they take turns within one run.",
        examples=["teacher.onnx student.int8.onnx"],
    )
    data: SourceName | None = Field(
        default=None, description="Real images; without them a line of 100×32 pixels is timed.", examples=["val.tar"]
    )
    trust_module: TrustModule = False
