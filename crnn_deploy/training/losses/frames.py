"""The loss on the teachers' frames."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs, inside
from crnn_deploy.training.losses.frame_logits import FrameLogits
from crnn_deploy.training.losses.options import Selection
from crnn_deploy.training.teachers.batching import TeacherBatch


def divergence(logits: FrameLogits, teacher: TeacherBatch, temperature: float) -> Tensor:
    """KL divergence `[N, T]` from a teacher of each frame at a temperature, times its square (arXiv 1503.02531).

    The outcomes are the teacher's likeliest classes, and that it is another one. At temperatures other than 1, the
    teacher's other classes are taken as equally probable.
    """
    present = teacher.log_probs > -torch.inf
    others = logits.log_sum(temperature, without=teacher.classes)
    kept = (logits.of(teacher.classes) / temperature).masked_fill(~present, -torch.inf)
    student = torch.cat([kept, others[..., None]], -1)
    number = (logits.values.shape[-1] - present.sum(-1)).clamp(min=1).log()
    rest = number + (teacher.rest - number) / temperature
    target = torch.cat([teacher.log_probs / temperature, rest[..., None]], -1).log_softmax(-1)
    difference = (target - student.log_softmax(-1)).masked_fill(target == -torch.inf, 0)
    return (target.exp() * difference).sum(-1) * temperature**2


class FrameKl(Loss):
    """Blank-aware Kullback-Leibler divergence from the teachers' frames.

    Most CTC frames are blank, and would outweigh the characters. With symmetric selection (Hilmes et al., arXiv
    2506.01503, which makes training without labels work) a frame in which the teacher reads a character has weight 1,
    and so have the blank frames directly before and after it. All other blank frames have the weight `far_blank`, which
    is enough to make the student read nothing in margins. Frames with characters that the student lacks have weight 0.
    """

    def __init__(self, blank: int, temperature: float, selection: Selection, far_blank: float) -> None:
        super().__init__()
        self.blank = blank
        self.temperature = temperature
        self.selection = selection
        self.far_blank = far_blank

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        losses = [self._from(teacher, outputs.frame_logits, batch.frames) for teacher in batch.teachers]
        return torch.stack(losses).mean()

    def _from(self, teacher: TeacherBatch, logits: FrameLogits, frames: Tensor) -> Tensor:
        weight = self._weight(teacher, inside(frames, teacher.trusted.shape[1]))
        per_frame = divergence(logits, teacher, self.temperature)
        return (per_frame * weight).sum() / weight.sum().clamp(min=1)

    def _weight(self, teacher: TeacherBatch, belongs: Tensor) -> Tensor:
        """Weight of each frame `[N, T]`; 0 for padding."""
        counting = teacher.trusted * belongs
        if self.selection == "all":
            return counting
        character = ((teacher.classes[..., 0] != self.blank) & belongs).float()
        near = functional.max_pool1d(character, kernel_size=3, stride=1, padding=1)
        return (near + (1 - near) * self.far_blank) * counting


def spike_agreement(logits: Tensor, teacher: Tensor, frames: Tensor, blank: int) -> Tensor:
    """Share of the teacher's characters that the student reads too, in the same frame or directly beside it.

    If it stays low, teacher and student have their characters in different frames (arXiv 2406.07909), and frames help
    little.

    Args:
        logits: `[N, T, K]` of the student.
        teacher: `[N, T]` the likeliest class of each frame.
        frames: `[N]` frames that belong to each line.
    """
    spikes = (teacher != blank) & inside(frames, teacher.shape[1])
    read = functional.pad(logits.argmax(-1), (1, 1), value=-1)
    hit = (read[:, :-2] == teacher) | (read[:, 1:-1] == teacher) | (read[:, 2:] == teacher)
    return (hit & spikes).sum() / spikes.sum().clamp(min=1)
