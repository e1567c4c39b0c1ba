"""What `quantize` prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stopwatches
import tiny_crnn
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization import quantize as quantizer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    parent = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    export(ExportConfig(model=parent.path, output=tmp_path / "m.onnx"))
    tiny_crnn.image_folder(tmp_path / "lines", 20)
    return tmp_path


def invoke(options: str) -> Any:
    return CliRunner().invoke(app, f"quantize m.onnx --int8 --data lines -o q.onnx {options}".split())


def test_people_see_what_was_made_and_found() -> None:
    result = invoke("")
    assert result.exit_code == 0, result.output
    assert "q.onnx" in result.stdout
    assert "percentile" in result.stdout
    assert "same text" in result.stdout


def test_json_holds_the_record() -> None:
    found = json.loads(invoke("--json --held-out 5 --max-error-rise 1 --sensitivity").stdout)
    assert found["path"] == "q.onnx"
    record = found["quantization"]
    assert record["held_out_images"] == 5
    assert record["max_error_rise"] == 1.0
    assert len(record["sensitivity"]) == len(record["layers"]) == 4


def test_a_parent_that_reads_nothing_gets_no_tick(folder: Path) -> None:
    spec = tiny_crnn.tiny_spec()
    parent = tiny_crnn.tiny_artifact(folder, spec, {"head.bias": 1000.0})
    made = CliRunner().invoke(app, f"export {parent.path} -o m.onnx --force".split())
    result = invoke("")
    for shown in (made, result):
        assert shown.exit_code == 0, shown.output
        assert shown.stdout.startswith("! Not proved: ")
        assert "reads nothing" in " ".join(shown.stdout.splitlines()[:2])
        assert "✓" not in shown.stdout
    real = CliRunner().invoke(app, f"export {parent.path} -o n.onnx --data lines".split())
    assert real.stdout.startswith("! Not proved: the model reads nothing in any of 20 images.")


@pytest.mark.parametrize(("report", "holds"), [("r.json", '"trials"'), ("r.html", "<html")])
def test_reports(report: str, holds: str) -> None:
    result = invoke(f"--report {report}")
    assert result.exit_code == 0, result.output
    assert holds in Path(report).read_text()
    assert report in result.stdout


def test_the_target_can_be_tensorrt() -> None:
    record = json.loads(invoke("--target tensorrt --json").stdout)["quantization"]
    assert record["target"] == "tensorrt"
    assert record["speed"] == []


def test_a_rejected_model_is_told_with_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
    result = invoke("--report r.json")
    assert result.exit_code == 1
    assert "no faster on this machine" in result.stderr
    assert "q.rejected.onnx" in result.stderr
    assert not Path("q.onnx").exists()
    assert result.stdout.startswith("✗ Rejected:")
    assert "✓ r.json" in result.stdout
    assert "no faster" in json.loads(Path("r.json").read_text())["rejected"]


def test_json_tells_of_a_rejected_model_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
    result = invoke("--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["path"] == "q.rejected.onnx"
    assert "no faster" in found["quantization"]["rejected"]
