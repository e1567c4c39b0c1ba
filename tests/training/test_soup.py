"""The average of networks that began alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from told import Told

from crnn_deploy.artifact import Artifact
from crnn_deploy.training import loop
from crnn_deploy.training.distill import distill
from crnn_deploy.training.soup import average

from .tiny import StopAfter, distill_config

MakeTeacher = Callable[..., Artifact]


def test_weights_are_averaged_and_counters_are_not() -> None:
    members = [
        {"w": torch.tensor([1.0, 4.0]), "seen": torch.tensor(7)},
        {"w": torch.tensor([3.0, 0.0]), "seen": torch.tensor(9)},
    ]
    mean = average(members)
    assert mean["w"].tolist() == [2.0, 2.0]
    assert mean["seen"].item() == 7


def test_a_soup_is_the_average_of_what_its_seeds_give(
    tmp_path: Path, many_lines: Path, able_teacher: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    start = distill(distill_config(able_teacher, many_lines, tmp_path / "start.safetensors", epochs=5))
    gently = {"warm_start": start.path, "epochs": 1, "learning_rate": 1e-3}
    alone = distill(distill_config(able_teacher, many_lines, tmp_path / "alone.safetensors", **gently))
    config = distill_config(able_teacher, many_lines, tmp_path / "soup.safetensors", soup=2, **gently)
    with pytest.raises(KeyboardInterrupt):
        distill(config, StopAfter(3, stage=1))  # in the second training
    told = Told()
    made = distill(config, told)
    notes = made.spec.lineage[-1].notes["soup"]
    assert notes["members"][0] == pytest.approx(alone.spec.metrics["validation"]["error"], abs=1e-6)
    usual = sum(notes["members"]) / 2
    expected = notes["average"] if notes["average"] <= usual else min(notes["members"])
    assert made.spec.metrics["validation"]["error"] == pytest.approx(expected, abs=1e-6)
    assert any("of their average" in line for line in told.lines)
    assert any("continuing at step 3" in line for line in told.lines)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} <= {"cache"}


def test_a_soup_needs_a_common_start(student: Path, lines: Path, make_teacher: MakeTeacher) -> None:
    with pytest.raises(ValueError, match="needs a warm start"):
        distill_config(make_teacher(), lines, student, soup=2)
