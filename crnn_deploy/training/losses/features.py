"""The loss on features: the input of the head in each frame."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs, inside
from crnn_deploy.training.losses.options import Metric


class FeatureMatching(Loss):
    """Compares a learned projection of the student's features with each teacher's features (FitNets, arXiv 1412.6550).

    Args:
        inputs: number of the student's features.
        outputs: number of features of each teacher.
        metric: `cosine` ignores the length of the feature vectors; `l2` compares them after layer normalisation.
    """

    def __init__(self, inputs: int, outputs: Sequence[int], metric: Metric) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Linear(inputs, size) for size in outputs)
        self.metric = metric

    def forward(self, outputs: Outputs, batch: TrainingBatch) -> Tensor:
        losses = []
        for projection, teacher in zip(self.projections, batch.teachers, strict=True):
            assert teacher.features is not None
            distance = self._distance(projection(outputs.features.float()), teacher.features)
            losses.append(_mean_inside(distance, batch.frames))
        return torch.stack(losses).mean()

    def _distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        if self.metric == "cosine":
            return 1 - functional.cosine_similarity(student, teacher, dim=-1)
        size = student.shape[-1:]
        difference = functional.layer_norm(student, size) - functional.layer_norm(teacher, size)
        return difference.square().mean(-1)


def _mean_inside(distance: Tensor, frames: Tensor) -> Tensor:
    if distance.ndim == 1:  # one distance for each image, not for each frame
        return distance.mean()
    belongs = inside(frames, distance.shape[1])
    return (distance * belongs).sum() / belongs.sum()
