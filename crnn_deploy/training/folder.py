"""The folder in which an unfinished training keeps its state."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.files import companion, replacing, write_text
from crnn_deploy.spec import ModelSpec

if TYPE_CHECKING:  # of the extra `train`
    from lightning_fabric import Fabric


STATE_FORMAT = 1
"""Raise this number when an unfinished training of an earlier version must not be continued."""


def training_key(*depends: object) -> str:
    """Fingerprint of everything that the result of a training depends on."""
    return hashlib.sha256(repr((STATE_FORMAT, *depends)).encode()).hexdigest()


class TrainingFolder:
    """`OUTPUT.training/`, which exists until the training is finished.

    Args:
        output: the artifact that the training will write.
        key: from `training_key`; the folder of a training with another key is emptied.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.output = output
        self.path = companion(output, ".training")
        self.log = companion(output, ".log")  # stays after the training
        marker = self.path / "key"
        if not marker.exists() or marker.read_text() != key:
            shutil.rmtree(self.path, ignore_errors=True)
            write_text(marker, key)

    def save(self, stage: str, state: dict[str, Any]) -> None:
        """Replace the saved state of a stage atomically."""
        with replacing(self._state(stage), force=True) as temporary:
            file = io.BytesIO()
            torch.save(state, file)
            temporary.write_bytes(file.getvalue())  # because torch.save raises no OSError on a full disk

    def keep_best(self, weights: dict[str, Tensor], spec: ModelSpec) -> Path:
        """Write the best weights of a training that failed as an artifact beside its output."""
        return write_safetensors(
            companion(self.output.with_suffix(""), ".best.safetensors"), weights, spec, force=True
        ).path

    def load(self, stage: str) -> dict[str, Any] | None:
        """The saved state of a stage; None if there is none, or it cannot be read."""
        if not self._state(stage).exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self._state(stage), map_location="cpu", weights_only=True)
        except Exception:  # a damaged file raises almost any exception; nothing in it is executed
            return None
        return state if isinstance(state, dict) else None

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _state(self, stage: str) -> Path:
        return self.path / f"{stage}.pt"


def open_folder(fabric: Fabric, output: Path, key: str) -> TrainingFolder:
    """The folder of a training that all processes take part in.

    Raises:
        InputError: if the keys of the processes differ.
    """
    if fabric.broadcast(key) != key:
        raise InputError(
            "The processes of this training don't have the same material.",
            "Their images differ, or a teacher answers differently on another machine.",
            "Give all machines the same files and, by CRNN_DEPLOY_CACHE in a shared folder, the same answers.",
        )
    with fabric.rank_zero_first():
        return TrainingFolder(output, key)
