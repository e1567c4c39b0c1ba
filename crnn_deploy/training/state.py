"""The folder in which an unfinished training keeps what it needs to go on."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.files import replacing, write_text
from crnn_deploy.spec import ModelSpec


def training_key(*depends: Any) -> str:
    """Fingerprint of everything that the result of a training depends on."""
    return hashlib.sha256(repr(depends).encode()).hexdigest()


class TrainingFolder:
    """`OUTPUT.training/`, beside the student that is being made, until it is finished.

    Args:
        output: the student.
        key: of `training_key`; a folder of another training is emptied.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.output = output
        self.path = output.with_name(output.name + ".training")
        self.log = output.with_name(output.name + ".log")  # of figures; outlives the training
        marker = self.path / "key"
        if not marker.exists() or marker.read_text() != key:
            shutil.rmtree(self.path, ignore_errors=True)
            write_text(marker, key)

    def save(self, stage: str, state: dict[str, Any]) -> None:
        """Replace the kept state of a stage atomically."""
        with replacing(self._state(stage), force=True) as temporary:
            file = io.BytesIO()
            torch.save(state, file)
            temporary.write_bytes(file.getvalue())  # on a full disk torch.save itself raises no OSError

    def keep_best(self, weights: dict[str, Tensor], spec: ModelSpec) -> Path:
        """Write the best weights of a training that failed as an artifact beside its output."""
        return write_safetensors(self.output.with_suffix(".best.safetensors"), weights, spec, force=True).path

    def load(self, stage: str) -> dict[str, Any] | None:
        """The kept state of a stage, or None where there is none that can be read."""
        if not self._state(stage).exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self._state(stage), map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return None
        return state

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _state(self, stage: str) -> Path:
        return self.path / f"{stage}.pt"
