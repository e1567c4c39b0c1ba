"""What `build-engine` prints, writes and returns."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_crnn
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("crnn_deploy.engine.flavors.find_gpu", lambda: None)
    parent = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    export(ExportConfig(model=parent.path, output=tmp_path / "m.onnx"))
    return tmp_path


@pytest.fixture
def rtx() -> None:
    if importlib.util.find_spec("tensorrt_rtx") is None:
        pytest.skip("needs TensorRT-RTX: pip install 'crnn-deploy[tensorrt-rtx]'")


def invoke(options: str) -> Any:
    return CliRunner().invoke(app, f"build-engine m.onnx {options}".split())


@pytest.mark.usefixtures("rtx")
def test_people_see_what_was_built_and_what_runs_in_which_precision() -> None:
    result = invoke("--fp16 --no-plugin --target sm89 --target sm86")
    assert result.exit_code == 0, result.output
    assert "sm86, sm89" in result.stdout
    assert "convolution" in result.stdout
    assert "loop" in result.stdout
    assert "✓ m.engine" in result.stdout
    assert {path.name for path in Path().glob("m.engine*")} == {"m.engine", "m.engine.json", "m.engine.log"}


@pytest.mark.usefixtures("rtx")
def test_json_holds_the_record() -> None:
    found = json.loads(invoke("--fp32 --no-plugin --target sm89 --profile 1x32,4x64,8x96 -o e.engine --json").stdout)
    assert found["path"] == "e.engine"
    assert found["format"] == "engine"
    manifest = found["engine"]["manifest"]
    assert manifest["profiles"] == [{"min": [1, 1, 16, 32], "opt": [4, 1, 16, 64], "max": [8, 1, 16, 96]}]
    assert [layer["precision"] for layer in manifest["layers"] if layer["kind"] == "convolution"] == ["fp32"] * 2


@pytest.mark.usefixtures("rtx")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--fp16 --target sm90", "does not know sm90"),
        ("--fp16 --profile 1x32,8x16,16x8", "does not ascend"),
        ("--int8", "no Q/DQ nodes"),
        ("--fp16 --version-compatible --no-plugin", "no version-compatible engines"),
    ],
)
def test_what_tensorrt_rtx_cannot_do_is_told(options: str, told: str) -> None:
    result = invoke(options)
    assert result.exit_code == 2
    assert told in result.stderr
    assert not Path("m.engine").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("", "needs to know the precision"),
        ("--fp16 --int8", "only one precision"),
        ("--fp16 --target gpu", "'--target': 'gpu' is no GPU architecture"),
        ("--fp16 --flavor openvino", "--flavor"),
        ("--fp16 --buckets 2 --profile 1x8,1x8,1x8", "· profiles are given or made from buckets, not both"),
        ("--fp16 --optimization-level 9", "--optimization-level"),
        ("--fp16 -o m.plan", "must end in .engine"),
        ("--fp16 --output=", "The name of the output is empty"),
        ("--fp16 --flavor tensorrt-rtx --data=", "The path of a data set is empty"),
    ],
)
def test_wrong_options_are_told(options: str, told: str) -> None:
    if "--data" in options:
        pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed")
    result = invoke(options)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("", "The name of the model is empty"),
        ("tiny.safetensors", "First: crnn-deploy export tiny.safetensors -o tiny.onnx"),
        ("other.engine", "Give the .onnx file that it was built from"),
    ],
)
def test_what_is_no_onnx_model_says_what_to_give(model: str, told: str) -> None:
    Path("other.engine").write_bytes(b"plan")
    spec = tiny_crnn.tiny_spec().model_dump(mode="json")
    Path("other.engine.json").write_text(json.dumps({"spec": spec, "engine": {}}), encoding="utf-8")
    result = CliRunner().invoke(app, ["build-engine", model, "--fp16", "-o", "m.engine"])
    assert result.exit_code == 2
    assert told in result.stderr


def test_without_any_tensorrt_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tensorrt", "tensorrt_rtx"):
        monkeypatch.setitem(sys.modules, module, None)
    result = invoke("--fp16")
    assert result.exit_code == 2
    assert "pip install 'crnn-deploy[tensorrt-rtx]'" in result.stderr
