"""A location is that of a model or of a data set; what is neither is told so."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_crnn
import torch
from data.conftest import labelled, write_folder, write_tar

from crnn_deploy.errors import InputError
from crnn_deploy.inspection.config import InspectConfig
from crnn_deploy.inspection.description import ModelDescription
from crnn_deploy.inspection.inspect import inspect
from crnn_deploy.inspection.source.description import SourceDescription
from crnn_deploy.progress import SILENT


def inspected(location: str | Path, data: str | None = None) -> object:
    return inspect(InspectConfig(location=location, data=data), SILENT)


def test_models_and_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    torch.save({"weight": torch.zeros(2, 2)}, tmp_path / "best.pth.tar")
    for model in (artifact.path, "best.pth.tar"):
        assert isinstance(inspected(model), ModelDescription)
    write_folder(tmp_path / "lines", labelled(["a"]))
    write_tar(tmp_path / "lines.tar", labelled(["a"]))
    for data in ("lines", "lines/labels.tsv", "lines.tar", "names:lines/images"):
        assert isinstance(inspected(data), SourceDescription)


@pytest.mark.parametrize("name", ["folder", "file", "file.bin", "file.txt", "file.json"])
def test_what_is_neither(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        write_folder(path, {"file.bin": b"nothing of use"})
    else:
        path.write_text("nothing of use")
    with pytest.raises(InputError, match="neither a model nor a data set") as raised:
        inspected(path)
    assert ".safetensors" in raised.value.cause
    assert "labels.tsv" in raised.value.cause


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("", "is empty"),
        ("names:", "is empty"),
        ("nowhere", "does not exist"),
        ("nowhere.onnx", "does not exist"),
        ("names:nowhere", "does not exist"),
        ("train:empty.tar.gz", "has no parts"),
        ("empty", "is empty"),
        ("empty.tar.gz", "is empty"),
        ("empty.onnx", "is empty"),
        ("a\0b", "no path"),
        ("/dev/null", "device"),
    ],
)
def test_what_is_missing_or_empty(location: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("empty.tar.gz").touch()
    Path("empty.onnx").touch()
    with pytest.raises(InputError, match=message):
        inspected(location)


def test_a_broken_model_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(b"cut")
    with pytest.raises(InputError, match=r"cannot be read as \.onnx"):
        inspected(tmp_path / "cut.onnx")


def test_a_second_set_goes_with_a_set(tmp_path: Path) -> None:
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    with pytest.raises(InputError, match="is no data set"):
        inspected(artifact.path, str(tmp_path))
    write_folder(tmp_path / "lines", labelled(["a"]))
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "file.bin").touch()
    with pytest.raises(InputError, match="odd is not a data set"):
        inspected(tmp_path / "lines", str(tmp_path / "odd"))
