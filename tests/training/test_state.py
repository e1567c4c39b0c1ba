"""What an unfinished training leaves behind."""

from __future__ import annotations

from pathlib import Path

import torch

from crnn_deploy.training.state import TrainingFolder


def test_a_state_comes_back(tmp_path: Path) -> None:
    folder = TrainingFolder(tmp_path / "student.safetensors", "key")
    assert folder.load() is None
    folder.save({"step": 3, "student": {"w": torch.ones(2)}})
    again = TrainingFolder(tmp_path / "student.safetensors", "key").load()
    assert again is not None
    assert again["step"] == 3
    assert torch.equal(again["student"]["w"], torch.ones(2))


def test_another_training_starts_afresh(tmp_path: Path) -> None:
    TrainingFolder(tmp_path / "student.safetensors", "key").save({"step": 3})
    assert TrainingFolder(tmp_path / "student.safetensors", "other").load() is None


def test_a_broken_state_is_no_state(tmp_path: Path) -> None:
    folder = TrainingFolder(tmp_path / "student.safetensors", "key")
    folder.save({"step": 3})
    (folder.path / "state.pt").write_bytes(b"PK\x03\x04 cut off")
    assert folder.load() is None


def test_a_finished_training_leaves_nothing(tmp_path: Path) -> None:
    folder = TrainingFolder(tmp_path / "student.safetensors", "key")
    folder.save({"step": 3})
    folder.remove()
    assert list(tmp_path.iterdir()) == []
