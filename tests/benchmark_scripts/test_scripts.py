"""The benchmark scripts run with tiny settings, and what they write is complete and true to the models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_crnn import image_folder, register, tiny_artifact, tiny_spec

from crnn_deploy.api import export
from crnn_deploy.export.config import ExportConfig

SCRIPTS = Path(__file__).parents[2] / "benchmarks"
QUICK = ["--rounds", "2", "--seconds", "0.01", "--threads", "1"]


def run(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})


def results(stem: Path) -> tuple[dict[str, Any], str]:
    data = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    return data, stem.with_suffix(".md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ops(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    stem = tmp_path_factory.mktemp("ops") / "new" / "qgru"
    sizes = ["--hidden", "12", "--batches", "1", "2", "--steps", "5"]
    done = run("bench_qgru.py", *sizes, *QUICK, "-o", str(stem))
    assert done.returncode == 0, done.stderr
    return results(stem)


def test_ops_are_timed_in_every_setting_and_are_close_to_fp32(ops: tuple[dict[str, Any], str]) -> None:
    data, markdown = ops
    assert [(row["cell"], row["batch"]) for row in data["rows"]] == [("GRU", 1), ("GRU", 2), ("LSTM", 1), ("LSTM", 2)]
    for row in data["rows"]:
        variants = row["variants"]
        assert list(variants) == ["ORT FP32", "ours", *(["DynamicQuantizeLSTM"] if row["cell"] == "LSTM" else [])]
        assert variants["ORT FP32"]["speedup"] == 1
        assert variants["ORT FP32"]["snr_db"] is None
        for name in list(variants)[1:]:
            assert variants[name]["ms"] > 0
            assert variants[name]["snr_db"] > 25, name
    assert "## GRU" in markdown
    assert "DynamicQuantizeLSTM, ×" in markdown


def test_results_say_where_and_when(ops: tuple[dict[str, Any], str]) -> None:
    data, markdown = ops
    assert data["environment"]["processor"] in markdown
    assert f"## Measured {data['date']}" in markdown


def test_a_forced_level_is_a_column_of_its_own(tmp_path: Path) -> None:
    sizes = ["--hidden", "12", "--batches", "1", "--steps", "5", "--cells", "GRU", "--kernels", "portable"]
    done = run("bench_qgru.py", *sizes, *QUICK, "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "ours, portable" in results(tmp_path / "out")[0]["rows"][0]["variants"]


def whole(folder: Path, **variables: str) -> tuple[dict[str, Any], str]:
    """Results of `bench_int8.py` on a tiny model that reads `folder / "lines"`."""
    with pytest.MonkeyPatch.context() as patch:
        register(patch)
        weights = tiny_artifact(folder, tiny_spec())
        model = export(ExportConfig(model=weights.path, output=folder / "tiny.onnx"))
    images = str(image_folder(folder / "lines", 12))
    sources = ["--calib", images, "--data", images, "--samples", "6", "--images", "5", "--batches", "1"]
    done = run("bench_int8.py", str(model.path), *sources, *QUICK, "-o", str(folder / "int8"), **variables)
    assert done.returncode == 0, done.stderr
    return results(folder / "int8")


def test_every_variant_of_a_model_is_timed_and_read(tmp_path: Path) -> None:
    data, markdown = whole(tmp_path)
    (model,) = data["rows"]
    variants = model["variants"]
    assert {"ORT FP32", "ORT quantize_static", "ours", "ours without its library"} <= variants.keys()
    assert variants["ORT FP32"]["same_text"] == 1
    assert variants["ours"]["bytes"] < variants["ORT FP32"]["bytes"]
    assert "QGRU" not in variants["ours without its library"]["realised"]
    for found in variants.values():
        for row in found["latency"].values():
            assert row["ms"] > 0
            assert row["ms_after_others"] > 0
    assert "## tiny" in markdown


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "absent" / "openvino").mkdir(parents=True)
    (tmp_path / "absent" / "openvino" / "__init__.py").write_text("raise ImportError('not for this machine')")
    data, markdown = whole(tmp_path, PYTHONPATH=str(tmp_path / "absent"))
    (model,) = data["rows"]
    assert not [name for name in model["variants"] if "OpenVINO" in name]
    assert "not for this machine" in model["notes"]["OpenVINO FP32"]
    assert "not for this machine" in markdown


def test_openvino_reads_a_quantized_file_as_onnx_runtime_does(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    (model,) = whole(tmp_path)[0]["rows"]
    ours, theirs = (model["variants"][name] for name in ("ORT quantize_static", "OpenVINO INT8"))
    for setting, row in ours["latency"].items():
        assert abs(row["snr_db"] - theirs["latency"][setting]["snr_db"]) < 6
    # Read with a batch of any size, OpenVINO gets other texts out of the same file.
    assert abs(ours["same_text"] - theirs["same_text"]) <= 0.2


def test_convolutions_are_timed_in_every_setting(tmp_path: Path) -> None:
    sizes = ["--channels", "5", "16", "--kernels", "3", "--batches", "1"]
    done = run("bench_convolutions.py", *sizes, *QUICK, "-o", str(tmp_path / "convolutions"))
    assert done.returncode == 0, done.stderr
    data, markdown = results(tmp_path / "convolutions")
    assert [row["channels"] for row in data["rows"]] == [5, 16]
    assert all(row["ort_us"] > 0 < row["ours_us"] for row in data["rows"])
    assert "ours, GOP/s" in markdown
