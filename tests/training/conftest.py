"""Teachers and lines of the tiny world, and a cache of its own for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.train import train

from .tiny import ALPHABET, draw_lines, train_config


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return draw_lines(tmp_path / "lines", 40, seed=1)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    return draw_lines(tmp_path / "unlabelled", 200, seed=3, labelled=False)


@pytest.fixture(scope="session")
def many_lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough labelled lines to learn to read from; not to be changed."""
    return draw_lines(tmp_path_factory.mktemp("many") / "lines", 200, seed=1)


@pytest.fixture(scope="session")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled lines to evaluate on."""
    return draw_lines(tmp_path_factory.mktemp("unseen") / "lines", 40, seed=2)


@pytest.fixture
def student(tmp_path: Path) -> Path:
    return tmp_path / "made" / "student.safetensors"


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec(name="teacher", charset=ALPHABET, preprocessing=Preprocessing(height=32))


@pytest.fixture
def make_teacher(tmp_path: Path, spec: ModelSpec) -> Callable[..., Artifact]:
    """Gives a teacher artifact that was never trained: seeded random weights."""

    def make(seed: int = 0) -> Artifact:
        torch.manual_seed(seed)
        own = student_spec(f"teacher{seed}", StudentChoice(width=0.25, hidden=16), spec)
        return write_safetensors(tmp_path / f"{own.name}.safetensors", build(own).state_dict(), own, force=True)

    return make


@pytest.fixture(scope="session")
def able_teacher(many_lines: Path, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A CRNN that reads the lines of this world."""
    return train(train_config(many_lines, tmp_path_factory.mktemp("teacher") / "able.safetensors", epochs=7))
