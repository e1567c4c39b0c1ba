"""The sum of all losses, each with its weight, and what became of each part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.batches import TrainingBatch
from crnn_deploy.training.losses.base import Loss, Outputs
from crnn_deploy.training.losses.frames import spike_agreement
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.schedule import fading


class Objective(nn.Module):
    """What a network is trained on.

    Args:
        losses: each with what the recipe says of it.
        spec: of the student.
    """

    def __init__(self, losses: Sequence[tuple[LossOptions, Loss]], spec: ModelSpec) -> None:
        super().__init__()
        self.options = [options for options, _ in losses]
        self.losses = nn.ModuleList(loss for _, loss in losses)
        self.spec = spec

    def forward(self, outputs: Outputs, batch: TrainingBatch, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch at `progress` (0…1) through the training, and its parts by kind, weighted."""
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
        frames = [spike_agreement(logits, t.log_probs, batch.frames, self.spec.blank) for t in batch.teachers]
        return float(torch.stack(frames).mean())
