"""Batches with just what a loss reads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Outputs
from crnn_deploy.training.pixels import PixelBatch
from crnn_deploy.training.teachers.batching import TeacherBatch

SURE = 12.0  # logit of a class beside zeros: e⁻¹² for the others


def sure(paths: Sequence[Sequence[int]], classes: int = 5) -> Tensor:
    """Logits `[N, T, K]` that are sure of the given paths."""
    return SURE * torch.nn.functional.one_hot(torch.tensor(paths), classes).float()


def outputs(logits: Tensor, features: Tensor | None = None) -> Outputs:
    return Outputs(logits, torch.zeros(*logits.shape[:-1], 4) if features is None else features)


def lines(
    frames: Sequence[int], texts: Sequence[Sequence[int]] | None = None, teachers: Sequence[TeacherBatch] = ()
) -> TrainingBatch:
    """Lines of so many frames, labelled with classes if `texts` are given."""
    return TrainingBatch(
        images=blank(len(frames)),
        frames=torch.tensor(frames),
        targets=None if texts is None else torch.tensor([c for text in texts for c in text], dtype=torch.long),
        lengths=None if texts is None else torch.tensor([len(text) for text in texts]),
        teachers=tuple(teachers),
    )


def pictures(count: int, classes: Sequence[int] | None = None, teachers: Sequence[TeacherBatch] = ()) -> TrainingBatch:
    """Pictures for a classifier."""
    targets = None if classes is None else torch.tensor(classes)
    return TrainingBatch(blank(count), torch.ones(count, dtype=torch.long), targets, None, tuple(teachers))


def blank(count: int) -> PixelBatch:
    """Images that no loss looks at."""
    return PixelBatch(torch.zeros(count, 8, 8, 1, dtype=torch.uint8), torch.zeros(1, 1), torch.ones(1, 1), False)


def teacher(
    logits: Tensor,
    trusted: Tensor | None = None,
    readings: Sequence[Sequence[int]] = (),
    confidence: Sequence[float] | None = None,
    features: Tensor | None = None,
) -> TeacherBatch:
    """A teacher that gives `logits` of all classes, has read `readings`, and is sure of them unless told otherwise."""
    count = len(logits)
    readings = readings or [[]] * count
    log_probs, classes = logits.log_softmax(-1), torch.arange(logits.shape[-1]).expand(logits.shape)
    if logits.ndim == 3:
        log_probs, classes = log_probs.sort(stable=True, dim=-1, descending=True)
    return TeacherBatch(
        classes=classes,
        log_probs=log_probs,
        rest=torch.full(logits.shape[:-1], -torch.inf),
        trusted=torch.ones(logits.shape[:2]) if trusted is None else trusted,
        targets=torch.tensor([c for text in readings for c in text], dtype=torch.long),
        lengths=torch.tensor([len(text) for text in readings]),
        confidence=torch.tensor([1.0] * count if confidence is None else confidence),
        features=features,
    )
