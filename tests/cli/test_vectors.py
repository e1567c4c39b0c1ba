"""A missing, wrong or superfluous vector beside the pictures of a classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures_with_vectors import draw_csv, draw_npz
from PIL import Image

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build
from crnn_deploy.models.pictures.config import CnnGru
from crnn_deploy.models.pictures.families import picture_spec
from crnn_deploy.vector import VectorNumber

from .workshop import invoke

VECTOR = (VectorNumber(name="bit", mean=105, std=5), VectorNumber(name="noise"))
TRAIN = "train --model cnn-gru:channels=4,hidden=8 --epochs 1 -o out.safetensors"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models with and without a vector, and data with right and wrong ones."""
    folder = tmp_path_factory.mktemp("vectors")
    for name, vector in (("both", VECTOR), ("alone", ())):
        spec = picture_spec(name, CnnGru(channels=4, hidden=8, layers=1), ("0", "1"), "L", (8, 8), vector=vector)
        weights = write_safetensors(folder / f"{name}.safetensors", build(spec).state_dict(), spec)
        export(ExportConfig(model=weights.path, output=folder / f"{name}.onnx"))
    draw_npz(folder / "right.npz", 20)
    draw_npz(folder / "renamed.npz", 20, seed=1, names=("bit", "age"))
    arrays = np.load(draw_npz(folder / "val.npz", 12, seed=2))
    np.savez(
        folder / "shorter.npz", x=arrays["x"], y=arrays["y"], vectors=arrays["vectors"][:, :1], vector_names=["bit"]
    )
    np.savez(folder / "pictures.npz", x=arrays["x"], y=arrays["y"])
    np.savez(
        folder / "huge.npz",
        x=arrays["x"],
        y=arrays["y"],
        vectors=arrays["vectors"] * np.inf,
        vector_names=["bit", "noise"],
    )
    Image.fromarray(arrays["x"][0]).save(folder / "picture.png")
    table = draw_csv(folder / "table", 8, seed=3) / "labels.csv"
    Image.new("L", (8, 8)).save(table.with_name("8.png"))
    table.write_text(table.read_text() + "\n8.png,same,unknown,1")
    return folder


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("evaluate both.onnx --data pictures.npz", "pictures.npz has no bit, noise beside its images"),
        ("evaluate both.safetensors --data shorter.npz", "shorter.npz has no noise beside its images"),
        ("evaluate both.onnx --data renamed.npz", "the source has bit, age beside its images"),
        ("evaluate both.onnx --data huge.npz", "inf for bit of picture 0"),
        ("evaluate both.onnx --data table", "labels.csv, line 10: bit is 'unknown'"),
        ("predict picture.png --model both.onnx", "the command line has no bit, noise"),
        ("explain both.onnx picture.png", "the command line has no bit, noise"),
        ("quantize both.onnx --int8 --data pictures.npz -o out.onnx", "pictures.npz has no bit, noise"),
        ("export both.safetensors --data pictures.npz -o out.onnx", "pictures.npz has no bit, noise"),
        ("distill both.onnx --data pictures.npz --epochs 1 -o out.safetensors", "pictures.npz has no bit, noise"),
        (f"{TRAIN} --data right.npz --vector age", "right.npz has no age beside its images"),
        (f"{TRAIN} --data right.npz --val renamed.npz --vector bit,noise", "renamed.npz has no noise"),
        (f"{TRAIN} --data table --vector bit,noise", "line 10: bit is 'unknown', which is no finite number"),
        (f"{TRAIN} --data pictures.npz --vector all", "pictures.npz has no numbers beside its images"),
        (f"{TRAIN} --data right.npz --vector bit,bit", "a number is named twice"),
        (f"{TRAIN} --data right.npz --vector bit,", "at least 1 character"),
    ],
)
def test_a_wrong_vector_is_refused(made: Path, monkeypatch: pytest.MonkeyPatch, command: str, message: str) -> None:
    monkeypatch.chdir(made)
    result = invoke(command)
    said = " ".join(result.stderr.split())
    assert (result.exit_code, said.count("✗ ")) == (2, 1), result.output
    assert message in said
    assert not [*made.glob("out.*")]


def test_a_superfluous_vector_is_told(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    result = invoke("evaluate alone.onnx --data right.npz")
    assert result.exit_code == 0
    assert "numbers beside its pictures, which are not read: bit, noise" in " ".join(result.stderr.split())


def test_models_with_a_vector_are_timed_without_data(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    assert invoke("benchmark both.onnx both.safetensors --rounds 5 --seconds 0.01 --threads 1").exit_code == 0
    assert "bit (mean 105, std 5), noise" in invoke("inspect both.onnx").stdout
