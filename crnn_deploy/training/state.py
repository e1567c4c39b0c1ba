"""The folder in which an unfinished training keeps what it needs to go on."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import torch

from crnn_deploy.files import replacing, write_text


class TrainingFolder:
    """`OUTPUT.training/`, beside the student that is being made, until it is finished.

    Args:
        output: the student.
        key: fingerprint of everything that the result depends on; a folder of another training is emptied.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.path = output.with_name(output.name + ".training")
        self._state = self.path / "state.pt"
        marker = self.path / "key"
        if not marker.exists() or marker.read_text() != key:
            shutil.rmtree(self.path, ignore_errors=True)
            write_text(marker, key)

    def save(self, state: dict[str, Any]) -> None:
        """Replace the kept state atomically."""
        with replacing(self._state, force=True) as temporary:
            torch.save(state, temporary)

    def load(self) -> dict[str, Any] | None:
        """The kept state, or None where there is none that can be read."""
        if not self._state.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self._state, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return None
        return state

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
