"""`Variant`: one model of a run, from its stage to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.benchmark.measured import Latency, Measured
from crnn_deploy.benchmark.reading_cost import ReadingCost
from crnn_deploy.config import Frozen
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.evaluation.result import Accuracy, Evaluation
from crnn_deploy.quantization.record import QuantizationRecord

ModelStage = Literal["import", "train", "export", "distill", "quantize", "build-engine"]
"""The stages that make models."""


class Gate(Frozen):
    """Whether a variant proved itself.

    `baseline` is what the others are judged against; `unproven` could not run on the machine of the report, or its
    baseline reads nothing.
    `too_noisy`: rejected only because the machine was too busy to tell how fast it is.
    """

    status: Literal["baseline", "passed", "rejected", "unproven"]
    reason: str = ""
    too_noisy: bool = False


class Variant(Measured):
    """One model of a run: its file, what was measured on it, and the verdict of its gate.

    A stage creates the file and the variant; copies with more fields follow: `evaluated`, `timed`, `judged`.
    `accuracy` and `latency` stay empty if nothing was measured. `parent` and the fields after it are not written to
    `report.json`, which has what it needs of them in other places.

    Args:
        parent: name of the variant that its stage began from; None for the baseline.
        evaluation: accuracy with the text of every image.
        quantization: of an INT8 model, or of the INT8 model that an engine was built from.
        engine: how an engine was built.
    """

    size_bytes: int = Field(gt=0)
    stage: ModelStage
    accuracy: Accuracy | None = None
    gate: Gate = Gate(status="unproven")
    parent: str | None = Field(default=None, exclude=True)
    evaluation: Evaluation | None = Field(default=None, exclude=True)
    quantization: QuantizationRecord | None = Field(default=None, exclude=True)
    engine: EngineRecord | None = Field(default=None, exclude=True)

    @property
    def is_baseline(self) -> bool:
        """Whether it is the baseline or its export: what speed-ups are ratios to, whatever its own gate says."""
        return self.stage in ("import", "train", "export")

    def artifact(self) -> Artifact:
        """The model file with its spec.

        Raises:
            InputError: if the file is not there any more.
        """
        return open_artifact(self.path)

    def moved(self, path: Path) -> Variant:
        """The same model in another place."""
        return self.model_copy(update={"path": path})

    def with_engine(self, engine: EngineRecord) -> Variant:
        """With another record of its engine."""
        return self.model_copy(update={"engine": engine})

    def evaluated(self, evaluation: Evaluation) -> Variant:
        """With its accuracy."""
        return self.model_copy(update={"evaluation": evaluation, "accuracy": evaluation.accuracy})

    def timed(self, latency: tuple[Latency, ...], reading: ReadingCost | None = None) -> Variant:
        """With its times of the benchmark."""
        return self.model_copy(update={"latency": latency, "reading": reading})

    def judged(self, gate: Gate) -> Variant:
        """With the verdict of its gate."""
        return self.model_copy(update={"gate": gate})

    @field_validator("latency")
    @classmethod
    def _runs_take_time(cls, rows: tuple[Latency, ...]) -> tuple[Latency, ...]:
        if not all(row.p50_ms > 0 for row in rows):
            raise ValueError("p50_ms must be greater than 0")
        return rows
