"""The weighted sum of all losses, and the value of each of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs
from crnn_deploy.training.losses.building import build_loss
from crnn_deploy.training.losses.class_weights import balances, class_counts
from crnn_deploy.training.losses.frames import spike_agreement
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.material import Material
from crnn_deploy.training.schedule import fading


class Objective(nn.Module):
    """The weighted sum of losses.

    Args:
        losses: each with its options.
        spec: of the network that is trained.
    """

    def __init__(self, losses: Sequence[tuple[LossOptions, Loss]], spec: ModelSpec) -> None:
        super().__init__()
        self.options = [options for options, _ in losses]
        self.losses = nn.ModuleList(loss for _, loss in losses)
        self.spec = spec

    def forward(self, outputs: Outputs, batch: TrainingBatch, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch, and its weighted parts by kind.

        Args:
            progress: share of the training's steps that are done, from 0 to 1.
        """
        total = outputs.logits.new_zeros(())
        parts: dict[str, float] = {}
        for options, loss in zip(self.options, self.losses, strict=True):
            weight = options.weight * (1.0 if options.until is None else fading(progress, options.until))
            if weight == 0:
                continue
            part: Tensor = loss(outputs, batch)
            total = total + weight * part
            parts[options.kind] = parts.get(options.kind, 0.0) + weight * part.item()
        if self.spec.task == "ctc" and batch.teachers:
            parts["spike_agreement"] = self._agreement(outputs.logits.detach(), batch)
        return total, parts

    def _agreement(self, logits: Tensor, batch: TrainingBatch) -> float:
        frames = [spike_agreement(logits, t.classes[..., 0], batch.frames, self.spec.blank) for t in batch.teachers]
        return float(torch.stack(frames).mean())


def build_objective(material: Material, spec: ModelSpec, features: int) -> Objective:
    """The objective of a training.

    Args:
        spec: of the network that is trained.
        features: number of features that its head reads.
    """
    first = [answers[0].features for answers in material.teachers]
    sizes = [0 if of_teacher is None else of_teacher.shape[-1] for of_teacher in first]
    counts = class_counts(material.train) if any(map(balances, material.losses)) else ()
    return Objective([(loss, build_loss(loss, spec, features, sizes, counts)) for loss in material.losses], spec)
