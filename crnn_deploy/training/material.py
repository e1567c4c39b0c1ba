"""What a network learns from, and what it is validated on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crnn_deploy.data.sources.base import Source
from crnn_deploy.training.losses.options import LossOptions
from crnn_deploy.training.teachers.answers import Answers


@dataclass(frozen=True)
class Material:
    """Images, labels, the teachers' answers for the items of `train`, and the losses that are computed from them."""

    train: Source
    validation: Source
    losses: Sequence[LossOptions]
    teachers: Sequence[Answers] = ()

    @property
    def reads_labels(self) -> bool:
        """Whether any of the losses needs labels."""
        return any(loss.reads == "labels" for loss in self.losses)
