"""Imports a checkpoint that a test makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.keras import family as keras_family
from crnn_deploy.checkpoints.families.keras.container import read_here
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint

Importing = Callable[..., Artifact]


@pytest.fixture
def importing(tmp_path: Path) -> Importing:
    """Saves what is given as a checkpoint of the given name, and imports it with the given options."""

    def save_and_import(content: Any, name: str = "given.pth", spec: str = "", **options: Any) -> Artifact:
        torch.save(content, tmp_path / name)
        if spec:
            (tmp_path / "spec.yaml").write_text(spec, encoding="utf-8")
            options["spec"] = tmp_path / "spec.yaml"
        config = ImportConfig(checkpoint=tmp_path / name, output=tmp_path / "out.safetensors", force=True, **options)
        return import_checkpoint(config)

    return save_and_import


@pytest.fixture
def keras_read_here(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras files are read in this process, which is ten times faster."""
    monkeypatch.setattr(keras_family, "read_keras", lambda path: read_here(path, tmp_path_factory.mktemp("keras")))
