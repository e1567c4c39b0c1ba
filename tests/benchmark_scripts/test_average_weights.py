"""Students that were trained apart are averaged weight by weight."""

from __future__ import annotations

import sys
from pathlib import Path

import average_weights
import pytest
import torch

from crnn_deploy.artifact import open_artifact, read_safetensors, write_safetensors
from crnn_deploy.zoo import READER

ONE = READER.with_name("reader.safetensors")


def averaged(*students: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    output = students[-1].with_name("average.safetensors")
    monkeypatch.setattr(sys, "argv", ["average_weights.py", *map(str, students), "-o", str(output)])
    average_weights.main()
    return output


def test_each_weight_is_the_mean_and_the_lineage_names_the_members(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, weights = open_artifact(ONE).spec, read_safetensors(ONE)
    higher = {name: value + 2 if value.is_floating_point() else value for name, value in weights.items()}
    write_safetensors(tmp_path / "higher.safetensors", higher, spec)
    made = averaged(ONE, tmp_path / "higher.safetensors", monkeypatch=monkeypatch)
    for name, value in read_safetensors(made).items():
        assert torch.allclose(value, weights[name] + value.is_floating_point()), name
    step = open_artifact(made).spec.lineage[-1]
    assert step.notes["members"] == [open_artifact(each).sha256 for each in (ONE, tmp_path / "higher.safetensors")]


def test_students_of_other_characters_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = open_artifact(ONE).spec
    write_safetensors(
        tmp_path / "other.safetensors",
        read_safetensors(ONE),
        spec.model_copy(update={"charset": (*spec.charset[:-1], "é")}),
    )
    with pytest.raises(SystemExit):
        averaged(ONE, tmp_path / "other.safetensors", monkeypatch=monkeypatch)
    assert "different characters" in capsys.readouterr().err
    assert not (tmp_path / "average.safetensors").exists()
