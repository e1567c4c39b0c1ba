"""The sum of the losses that a batch allows, with the teacher's share fading as the training goes on."""

from __future__ import annotations

from torch import Tensor

from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.config import DistillOptions
from crnn_deploy.training.losses import (
    class_distillation,
    class_loss,
    ctc_loss,
    frame_agreement,
    frame_distillation,
)
from crnn_deploy.training.schedule import fading


class Objective:
    """Labels and teacher together, each where a batch carries it.

    With labels the teacher guides the beginning, when CTC alone is slow to find an alignment, and then leaves the word
    to them, so that a student can become better than its teacher.
    """

    def __init__(self, spec: ModelSpec, options: DistillOptions) -> None:
        self.spec = spec
        self.options = options
        self._agreement: float | None = None

    @property
    def remark(self) -> str:
        """How far the student reads the teacher's characters at the teacher's places, smoothed over some batches."""
        return "" if self._agreement is None else f", spikes agree {self._agreement:.0%}"

    def __call__(self, logits: Tensor, batch: TrainingBatch, progress: float) -> Tensor:
        """Loss of a batch at `progress` (0…1) through the training; `logits` `[N, T, K]` or `[N, K]`."""
        loss = logits.new_zeros(())
        if batch.targets is not None:
            loss = loss + self._label_loss(logits, batch)
        weight = self._teacher_weight(batch, progress)
        if batch.teacher is not None and weight:
            loss = loss + weight * self._teacher_loss(logits, batch, batch.teacher)
        return loss

    def _label_loss(self, logits: Tensor, batch: TrainingBatch) -> Tensor:
        assert batch.targets is not None
        if batch.lengths is None:
            return class_loss(logits, batch.targets)
        return ctc_loss(logits, batch.frames, batch.targets, batch.lengths, self.spec.blank)

    def _teacher_loss(self, logits: Tensor, batch: TrainingBatch, teacher: Tensor) -> Tensor:
        if self.spec.task == "classify":
            return class_distillation(logits, teacher, self.options.temperature)
        now = frame_agreement(logits.detach(), teacher, batch.frames, self.spec.blank).item()
        self._agreement = now if self._agreement is None else 0.95 * self._agreement + 0.05 * now
        return frame_distillation(logits, teacher, batch.frames, self.spec.blank, self.options.temperature)

    def _teacher_weight(self, batch: TrainingBatch, progress: float) -> float:
        """Without labels there is nobody else to learn from, so the weight stays."""
        if batch.targets is None:
            return self.options.teacher_weight
        return self.options.teacher_weight * fading(progress, self.options.teacher_until)
