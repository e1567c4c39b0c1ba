"""What a training consists of besides the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crnn_deploy.progress import Progress
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.config import TrainingOptions
from crnn_deploy.training.folder import TrainingFolder
from crnn_deploy.training.material import Material

if TYPE_CHECKING:  # of the extra `train`
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class TrainingSetup:
    """One training, in one of its processes.

    `fabric` has the device and the precision, and exchanges gradients; `ranks` deal all other work among the processes.
    `spec` is that of the network. `material` is what the network learns from, and `options` says how. `folder` keeps
    the state of the unfinished training.
    """

    fabric: Fabric
    spec: ModelSpec
    material: Material
    options: TrainingOptions
    folder: TrainingFolder
    progress: Progress
    ranks: Ranks = ALONE
