"""What an unfinished training leaves behind."""

from __future__ import annotations

from pathlib import Path

import torch

from crnn_deploy.artifact import open_artifact, read_safetensors
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.folder import TrainingFolder, training_key


def folder(tmp_path: Path, key: str = "key") -> TrainingFolder:
    return TrainingFolder(tmp_path / "student.safetensors", key)


def test_a_state_comes_back(tmp_path: Path) -> None:
    assert folder(tmp_path).load("training") is None
    folder(tmp_path).save("training", {"step": 3, "student": {"w": torch.ones(2)}})
    again = folder(tmp_path).load("training")
    assert again is not None
    assert again["step"] == 3
    assert torch.equal(again["student"]["w"], torch.ones(2))


def test_stages_have_states_of_their_own(tmp_path: Path) -> None:
    folder(tmp_path).save("training", {"step": 3})
    assert folder(tmp_path).load("qat") is None


def test_another_training_starts_afresh(tmp_path: Path) -> None:
    folder(tmp_path).save("training", {"step": 3})
    assert folder(tmp_path, "other").load("training") is None


def test_a_broken_state_is_no_state(tmp_path: Path) -> None:
    folder(tmp_path).save("training", {"step": 3})
    (folder(tmp_path).path / "training.pt").write_bytes(b"PK\x03\x04 cut off")
    assert folder(tmp_path).load("training") is None


def test_a_finished_training_leaves_nothing(tmp_path: Path) -> None:
    kept = folder(tmp_path)
    kept.save("training", {"step": 3})
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_best_weights_of_a_failure_are_an_artifact_and_replaced(tmp_path: Path, spec: ModelSpec) -> None:
    for value in (1.0, 2.0):
        path = folder(tmp_path).keep_best({"w": torch.full((2,), value)}, spec)
    assert path == tmp_path / "student.best.safetensors"
    assert open_artifact(path).spec == spec
    assert read_safetensors(path)["w"].tolist() == [2.0, 2.0]


def test_the_key_depends_on_everything() -> None:
    keys = {training_key({"epochs": 1}, None), training_key({"epochs": 2}, None), training_key({"epochs": 1}, "sha")}
    assert len(keys) == 3
    assert training_key({"epochs": 1}, None) in keys
