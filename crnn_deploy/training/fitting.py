"""One training of one network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crnn_deploy.training.loop import Trainer
from crnn_deploy.training.training_setup import TrainingSetup


@dataclass(frozen=True)
class FittedWeights:
    """Trained weights by name, their error on the validation images, and notes on the training for the lineage."""

    weights: dict[str, Tensor]
    error: float
    notes: dict[str, Any]


def fit(setup: TrainingSetup, network: nn.Module, stage: str) -> FittedWeights:
    """Train `network`; continue where an earlier call with the same folder and stage was interrupted.

    Args:
        stage: name of the state in the folder, and of the log.

    Raises:
        GateError: if the loss is no longer finite.
    """
    torch.manual_seed(setup.options.seed)
    trainer = Trainer(setup, network, stage)
    weights = trainer.train()
    trainer.log.close()
    notes: dict[str, Any] = {
        "training_precision": setup.fabric.strategy.precision.precision,
        "history": trainer.history,
    }
    if trainer.broken:
        notes["broken"] = sorted(trainer.broken)
    return FittedWeights(weights, trainer.best_error, notes)
