"""Data sets of classes that do not fit each other, the teacher or the network: one clear error, or a remark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from told import Told

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.models.assembly import build
from crnn_deploy.models.pictures.config import CnnGru
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.training.distill import distill
from crnn_deploy.training.train import train

from .tiny import distill_config, train_config

SMALL = CnnGru(channels=4, hidden=8, layers=1)


def pictures(folder: Path, names: tuple[str, ...], classes: list[int], size: int = 8, seed: int = 0) -> Path:
    """An NPZ file of noise, with a classes.txt beside it."""
    folder.mkdir()
    (folder / "classes.txt").write_text("\n".join(names))
    images = np.random.default_rng(seed).integers(0, 255, (len(classes), size, size), np.uint8)
    np.savez(folder / "set.npz", x=images, y=np.array(classes))
    return folder / "set.npz"


def network(folder: Path, names: tuple[str, ...], size: int = 8) -> Artifact:
    """A cnn-gru with random weights."""
    spec = picture_spec("teacher", SMALL, names, "L", (size, size))
    torch.manual_seed(0)
    return write_safetensors(folder / "teacher.safetensors", build(spec).state_dict(), spec)


def trained(data: Path, output: Path, **options: Any) -> list[str]:
    """What a training of one epoch logs."""
    told = Told()
    train(train_config(data, output, model=SMALL, epochs=1, **options), told)
    return told.lines


def test_validation_classes_that_the_training_set_lacks_are_refused(tmp_path: Path, student: Path) -> None:
    data = pictures(tmp_path / "train", ("ant", "bee"), [0, 1, 0, 1])
    other = pictures(tmp_path / "val", ("ant", "cow"), [0, 1], seed=1)
    with pytest.raises(InputError, match=r"classes of .*val.* are not those of student") as raised:
        trained(data, student, validation=str(other))
    assert "cow" in str(raised.value)
    assert not student.exists()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("ant", "cow"), "doesn.t know cow"),
        (("bee", "ant"), "in another order"),
        (("ant", "bee", "cow"), "has 3"),
    ],
)
def test_classes_that_are_not_the_teacher_s_are_refused(
    names: tuple[str, ...], told: str, tmp_path: Path, student: Path
) -> None:
    data = pictures(tmp_path / "train", names, [0, 1, 0, 1])
    with pytest.raises(InputError, match=told):
        distill(distill_config(network(tmp_path, ("ant", "bee")), data, student))


def test_one_class_is_refused_also_where_more_are_named(tmp_path: Path, student: Path) -> None:
    data = pictures(tmp_path / "train", ("ant", "bee"), [1, 1, 1])
    with pytest.raises(InputError, match="are of one class, 'bee'"):
        trained(data, student)


def test_classes_without_images_are_told_once_for_each_use(tmp_path: Path, student: Path) -> None:
    names = ("ant", "bee", "cow")
    data = pictures(tmp_path / "train", names, [0, 2, 0, 2])
    val = pictures(tmp_path / "val", names, [0, 1], seed=1)
    told = trained(data, student, validation=str(val))
    assert [line for line in told if "no images" in line] == [
        f"{data}: 1 of 3 classes have no images for training: bee",
        f"{val}: 1 of 3 classes have no images for validation: cow",
    ]


def test_pictures_of_another_shape_are_told_before_training_and_in_an_evaluation(tmp_path: Path, student: Path) -> None:
    large = pictures(tmp_path / "train", ("ant", "bee"), [0, 1, 0, 1], size=64)
    seen = "64×64 seen as 8×8"
    assert any(seen in line for line in trained(large, student, size=8))
    told = Told()
    found = evaluate(EvaluateConfig(artifact=network(tmp_path, ("ant", "bee")).path, data=str(large)), told)
    assert (found.image_notes.distorted.count, found.image_notes.distorted.detail) == (4, seen)
    assert [seen in line for line in told.lines] == [True]


def test_labels_of_another_length_are_refused(tmp_path: Path, student: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.zeros((3, 8, 8), np.uint8), y=np.array([0, 1]))
    with pytest.raises(InputError, match=r"holds 3 images, but labels of shape \(2,\)"):
        trained(tmp_path / "set.npz", student)
