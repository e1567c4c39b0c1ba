"""The answers of a teacher for a training batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers.alignment import chosen_frames
from crnn_deploy.training.teachers.answers import Answer


@dataclass(frozen=True)
class TeacherBatch:
    """Answers of one teacher at the student's frame rate: `log_probs` `[N, T, K]` or `[N, K]`.

    `trusted` `[N, T]` is 1 for frames whose characters the student has. `targets` and `lengths` `[N]` are the readings
    in the form of labels, with length 0 if the student lacks a character; `confidence` `[N]` is that of the readings.
    `features` `[N, T, D]` or `[N, D]` are None unless they were asked for.
    """

    log_probs: Tensor
    trusted: Tensor
    targets: Tensor
    lengths: Tensor
    confidence: Tensor
    features: Tensor | None

    def to(self, device: torch.device) -> TeacherBatch:
        return TeacherBatch(*(t.to(device) if t is not None else None for t in vars(self).values()))  # type: ignore[arg-type]


def teacher_batch(
    answers: Sequence[Answer], of_lines: Sequence[int], frames: Sequence[int], spec: ModelSpec
) -> TeacherBatch:
    """Answers resampled to the student's frames of each image, and padded.

    Args:
        of_lines: the student's frames of each line.
        frames: the same and those of what pads the line to `pad_to`, where the teacher's last frame stays.
    """
    chosen = [_chosen(*row, spec) for row in zip(answers, of_lines, frames, strict=True)]
    features = None
    if answers[0].features is not None:
        features = _padded([a.features[c] for a, c in zip(answers, chosen, strict=True) if a.features is not None])
    log_probs = _padded([a.log_probs[c] for a, c in zip(answers, chosen, strict=True)])
    of_classes = spec.task == "classify"
    return TeacherBatch(
        log_probs=log_probs[:, 0] if of_classes else log_probs,
        trusted=_padded([a.trusted[c].astype(np.float32) for a, c in zip(answers, chosen, strict=True)]),
        targets=torch.from_numpy(np.concatenate([answer.targets for answer in answers])),
        lengths=torch.tensor([len(answer.targets) for answer in answers]),
        confidence=torch.tensor([answer.confidence for answer in answers]),
        features=features[:, 0] if of_classes and features is not None else features,
    )


def _chosen(answer: Answer, of_line: int, frames: int, spec: ModelSpec) -> NDArray[np.intp]:
    """Which of the teacher's frames each of the student's takes."""
    if spec.task == "classify":
        return np.zeros(1, np.intp)
    chosen = chosen_frames(answer.log_probs, of_line, spec.blank)
    return np.pad(chosen, (0, frames - of_line), "edge")


def _padded(rows: Sequence[NDArray[np.float32]]) -> Tensor:
    """`[N, T, …]` from rows `[t, …]` of different lengths, padded with zeros."""
    padded = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), np.float32)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(padded)
