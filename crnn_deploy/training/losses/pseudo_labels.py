"""The loss on the teachers' readings, which are used like labels."""

from __future__ import annotations

import torch
from torch import Tensor

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs
from crnn_deploy.training.losses.ctc import ctc
from crnn_deploy.training.losses.frame_logits import FrameLogits
from crnn_deploy.training.teachers.batching import TeacherBatch


class PseudoLabels(Loss):
    """CTC on the readings of each teacher, for lines with a confident reading (Lee, ICML workshop 2013).

    Unlike frames, a text does not say in which frame the student must read each character.

    Args:
        confidence: lines whose readings are less probable to be right are left out.
    """

    def __init__(self, blank: int, confidence: float) -> None:
        super().__init__()
        self.blank = blank
        self.confidence = confidence

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        losses = [self._from(teacher, outputs.frame_logits, batch.frames) for teacher in batch.teachers]
        return torch.stack(losses).mean()

    def _from(self, teacher: TeacherBatch, logits: FrameLogits, frames: Tensor) -> Tensor:
        sure = (teacher.confidence >= self.confidence) & (teacher.lengths > 0)
        per_line = ctc(logits, frames, teacher.targets, teacher.lengths, self.blank)
        per_character = per_line / teacher.lengths.clamp(min=1)
        return (per_character * sure).sum() / sure.sum().clamp(min=1)
