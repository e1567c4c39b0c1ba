"""The record of a quantization: what was tried, measured and decided, as plain data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crnn_deploy.benchmark.undisturbed import Speedup, UndisturbedTime, speedup_between
from crnn_deploy.config import Frozen
from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.evaluation.unproven import not_proved
from crnn_deploy.quantization.calibration.calibrators import TensorCalibration
from crnn_deploy.quantization.config import CalibratorName, Target
from crnn_deploy.quantization.rewrite.realised import RealisedPrecision


class CalibratorTrial(Frozen):
    """One calibrator, with every layer of the first plan in INT8."""

    calibrator: CalibratorName
    comparison: ModelComparison


class LayerSensitivity(Frozen):
    """One layer alone in INT8, all others in FP32."""

    layer: str
    op: str
    comparison: ModelComparison


class LayerPlacement(Frozen):
    """The arithmetic in which a layer runs, and why."""

    layer: str
    op: str
    precision: Literal["int8", "fp32"]
    reason: str = ""


class SpeedTrial(Frozen):
    """Undisturbed times of interleaved runs on this machine, one thread, batch 1, `width` pixels.

    `low` and `high` are the 95 % interval of the speed-up, `interrupted` the share of runs that waited for the core;
    they are None in records of earlier versions, whose times are medians.
    """

    plan: str = Field(description="which layers are in INT8, such as `recurrent`; `all`: all that keep the accuracy")
    width: int
    parent_ms: float
    candidate_ms: float
    low: float | None = None
    high: float | None = None
    interrupted: float | None = None

    @classmethod
    def of(cls, plan: str, width: int, parent: UndisturbedTime, candidate: UndisturbedTime) -> SpeedTrial:
        """The trial of a plan whose model ran in turns with its parent."""
        speedup = speedup_between(candidate, parent)
        known = speedup.spread is not None
        return cls(
            plan=plan,
            width=width,
            parent_ms=parent.ms,
            candidate_ms=candidate.ms,
            low=speedup.low if known else None,
            high=speedup.high if known else None,
            interrupted=max(parent.interrupted or 0.0, candidate.interrupted or 0.0),
        )

    @property
    def speedup(self) -> Speedup:
        """How many times faster the candidate is than its parent."""
        ratio = self.parent_ms / self.candidate_ms
        return Speedup(ratio) if self.low is None or self.high is None else Speedup(ratio, self.low, self.high)


class QuantizationRecord(Frozen):
    """Everything that led to a quantized model."""

    rejected: str | None = Field(default=None, description="why it may not ship; None: it may")
    target: Target
    calibrator: CalibratorName
    reference: Literal["labels", "parent"] = Field(description="the texts that errors are counted against")
    figure: Literal["cer_ci", "top1"]
    calibration_images: int
    held_out_images: int
    comparison: ModelComparison
    temperature: float | None = Field(
        default=None, description="fitted to the held-out images; None: they have no labels, or too few right or wrong"
    )
    max_error_rise: float | None = Field(default=None, description="cap on `comparison.difference.high`, a fraction")
    trials: tuple[CalibratorTrial, ...] = ()
    sensitivity: tuple[LayerSensitivity, ...] = Field(default=(), description="most sensitive first")
    layers: tuple[LayerPlacement, ...]
    speed: tuple[SpeedTrial, ...] = Field(default=(), description="the chosen plan last; empty for other machines")
    kernel: str | None = Field(default=None, description="dispatch level of the recurrent kernels that ran; None: FP32")
    realised: RealisedPrecision | None = Field(default=None, description="what ran here; None: for other machines")
    tensors: tuple[TensorCalibration, ...]

    @property
    def reservation(self) -> str:
        """Why the comparison is no proof, or that the error rises where no cap was set; empty: neither."""
        if self.comparison.unproven:
            return not_proved("the parent", self.comparison.unproven)
        if self.max_error_rise is None and self.comparison.difference.low > 0:
            return "The error rises by more than chance explains (no --max-error-rise was set)"
        return ""
