"""`package` prints the folder for people and one object for machines, and refuses with exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conv_reader import conv_reader
from PIL import Image
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    spec = ModelSpec(name="conv", charset=tuple("abcdefgh"), preprocessing=Preprocessing(height=16))
    conv_reader(Path("conv.onnx"), spec)
    Path("lines").mkdir()
    for width in (20, 40, 80):
        Image.radial_gradient("L").resize((width, 16)).save(f"lines/{width}.png")
    Path("blank").mkdir()
    for number in range(3):
        Image.new("L", (40, 16), 128).save(f"blank/{number}.png")
    return lambda arguments: CliRunner().invoke(app, ["package", *arguments.split()])


def test_the_folder_is_named_with_a_tick(invoke) -> None:
    done = invoke("conv.onnx --target python -o new/reader --data lines")
    assert done.exit_code == 0
    assert done.stdout.startswith("✓ new/reader")
    assert "3 images read as crnn-deploy does" in done.stdout
    assert Path("new/reader/verify.py").is_file()


def test_one_object_for_machines(invoke) -> None:
    done = invoke("conv.onnx --target python -o reader --data lines --examples 2 --json")
    found = json.loads(done.stdout)
    assert (found["path"], found["target"], found["config"]["examples"]) == ("reader", "python", 2)
    assert "examples/01.png" in found["files"]
    assert set(found["examples"][0]) == {"path", "text", "confidence"}


def test_a_model_that_reads_nothing_gets_no_tick(invoke) -> None:
    done = invoke("conv.onnx --target python -o reader --data blank")
    assert done.exit_code == 0
    assert done.stdout.startswith("! Not proved: the model reads")
    assert "✓" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("conv.onnx -o reader --data lines", "--target"),
        ("conv.onnx --target cobol -o reader --data lines", "should be 'cpp', "),
        ("conv.onnx --target python --data lines", "-o"),
        ("conv.onnx --target python -o reader --data absent", "absent does not exist"),
        ("conv.onnx --target python -o lines --data lines --force", "holds other files"),
        ("conv.onnx --target python -o conv.onnx/reader --data lines", "a file lies where its folder should be"),
        ("absent.onnx --target python -o reader", "absent.onnx does not exist"),
        ("conv.onnx --target python -o reader --examples 0", "examples"),
    ],
)
def test_what_cannot_be_packaged_is_refused(invoke, arguments: str, message: str) -> None:
    before = sorted(Path().rglob("*"))
    done = invoke(arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert sorted(Path().rglob("*")) == before
