"""Options of `evaluate` and `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.runtime.config import Threads
from crnn_deploy.zoo import READER


class ReadOptions(Frozen):
    batch_size: int = Field(default=32, gt=0, description="images a batch; doesn't change the result")
    decoder: Literal["greedy", "beam"] = "greedy"
    beam_width: int = Field(default=8, gt=0)
    skip_bad: bool = Field(default=False, description="leave broken images out instead of stopping")
    threads: Threads | None = Field(default=None, description="of the runtime; absent: its own choice")


class EvaluateOptions(ReadOptions):
    limit: int | None = Field(default=None, gt=0, description="only the first images of the data")
    resamples: int = Field(default=1000, gt=0, description="bootstrap resamples for the intervals")
    seed: int = Field(default=0, ge=0, description="of the bootstrap")

    def with_paths(self, artifact: Path, data: str) -> EvaluateConfig:
        """These options for one model."""
        return EvaluateConfig(**dict(self), artifact=artifact, data=data)


class EvaluateConfig(EvaluateOptions):
    artifact: Path
    data: str


class PredictConfig(ReadOptions):
    images: tuple[str, ...] = Field(min_length=1, description="image files, folders, .tar archives or other sources")
    model: Path = READER
