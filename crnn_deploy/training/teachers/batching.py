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
from crnn_deploy.training.teachers.likeliest import Likeliest


@dataclass(frozen=True)
class TeacherBatch:
    """Answers of one teacher at the student's frame rate, of the k likeliest classes of each frame.

    `classes` `[N, T, k]` and their `log_probs` `[N, T, k]`, the likeliest first, -inf where a frame has fewer; `rest`
    `[N, T]`: log-probability of all other classes together. Of classifiers `log_probs` `[N, K]` are those of all
    classes in their order, and `classes` and `rest` have no axis T either.

    `trusted` `[N, T]` is 1 for frames whose characters the student has. `targets` and `lengths` `[N]` are the readings
    in the form of labels, with length 0 if the student lacks a character; `confidence` `[N]` is that of the readings.
    `features` `[N, T, D]` or `[N, D]` are None unless they were asked for.
    """

    classes: Tensor
    log_probs: Tensor
    rest: Tensor
    trusted: Tensor
    targets: Tensor
    lengths: Tensor
    confidence: Tensor
    features: Tensor | None

    def to(self, device: torch.device) -> TeacherBatch:
        tensors = vars(self).values()
        return TeacherBatch(*(t if t is None else t.to(device, non_blocking=True) for t in tensors))  # type: ignore[arg-type]


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
    of_classes = spec.task == "classify"
    classes, log_probs, rest = (_in_order if of_classes else _of_frames)(
        [answer.frames[c] for answer, c in zip(answers, chosen, strict=True)]
    )
    return TeacherBatch(
        classes=classes,
        log_probs=log_probs,
        rest=rest,
        trusted=_padded([a.trusted[c].astype(np.float32) for a, c in zip(answers, chosen, strict=True)]),
        targets=torch.from_numpy(np.concatenate([answer.targets for answer in answers])),
        lengths=torch.tensor([len(answer.targets) for answer in answers]),
        confidence=torch.tensor([answer.confidence for answer in answers]),
        features=features[:, 0] if of_classes and features is not None else features,
    )


def _in_order(answers: Sequence[Likeliest]) -> tuple[Tensor, Tensor, Tensor]:
    """Classes, log-probabilities and rest of classifiers."""
    classes, log_probs = (np.concatenate([getattr(a, name) for a in answers]) for name in ("classes", "log_probs"))
    ordered = np.take_along_axis(log_probs, np.argsort(classes, 1), 1)
    rest = np.concatenate([a.rest for a in answers])
    return torch.from_numpy(np.sort(classes, 1)), torch.from_numpy(ordered), torch.from_numpy(rest)


def _of_frames(answers: Sequence[Likeliest]) -> tuple[Tensor, Tensor, Tensor]:
    """Classes, log-probabilities and rest of lines; padding has the class 0 for sure."""
    shape = (len(answers), max(map(len, answers)), max(a.classes.shape[1] for a in answers))
    classes, log_probs = np.zeros(shape, np.int64), np.full(shape, -np.inf, np.float32)
    log_probs[..., 0] = 0
    for row, answer in enumerate(answers):
        frames, count = answer.classes.shape
        classes[row, :frames] = answer.classes[:, :1]
        classes[row, :frames, :count], log_probs[row, :frames, :count] = answer.classes, answer.log_probs
    rest = np.full(shape[:2], -np.inf, np.float32)
    for row, answer in zip(rest, answers, strict=True):
        row[: len(answer)] = answer.rest
    return torch.from_numpy(classes), torch.from_numpy(log_probs), torch.from_numpy(rest)


def _chosen(answer: Answer, of_line: int, frames: int, spec: ModelSpec) -> NDArray[np.intp]:
    """Which of the teacher's frames each of the student's takes."""
    if spec.task == "classify":
        return np.zeros(1, np.intp)
    chosen = chosen_frames(answer.frames, of_line, spec.blank)
    return np.pad(chosen, (0, frames - of_line), "edge")


def _padded(rows: Sequence[NDArray[np.float32]]) -> Tensor:
    """`[N, T, …]` from rows `[t, …]` of different lengths, padded with zeros."""
    padded = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), np.float32)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(padded)
