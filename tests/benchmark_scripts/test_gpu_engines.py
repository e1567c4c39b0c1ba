"""The benchmark of whole engines measures what can be had and tells what cannot, with ONNX Runtime as the engines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import bench_engines
import pytest
import torch
from gpu_sessions import InHalf
from tiny_crnn import image_folder, register, tiny_artifact, tiny_spec

from crnn_deploy.artifact import open_artifact
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.engine.lowering.result import RecurrentLayer
from crnn_deploy.engine.record import LayerCount
from crnn_deploy.errors import GateError
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.runtime.tensorrt.manifest import Gpu

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu" / "bench_engines.py"
QUICK = ["--samples", "6", "--images", "5", "--batches", "1", "--rounds", "2", "--seconds", "0.01"]


def fake_build(config: EngineConfig) -> object:
    """The model itself; INT8 fails its gate, as an engine does whose layers run in another precision."""
    if config.precision == "int8":
        raise GateError("A convolution runs in FP16.")
    assert config.data is not None
    home = RecurrentLayer(
        name="gru", op="GRU", hidden=8, directions=2, home="plugin" if config.plugin else "loop", reason=""
    )
    layers = (LayerCount(kind="convolution", precision=config.precision, count=3),)
    return SimpleNamespace(
        artifact=open_artifact(config.model), record=SimpleNamespace(recurrent=(home,), layers=layers)
    )


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Path]:
    register(monkeypatch)
    weights = tiny_artifact(tmp_path, tiny_spec())
    images = str(image_folder(tmp_path / "lines", 12))
    flavor = SimpleNamespace(name="tensorrt", trt=SimpleNamespace(__version__="10.3"))
    monkeypatch.setattr(bench_engines, "find_gpu", lambda: Gpu("Test GPU", "sm89"))
    monkeypatch.setattr(bench_engines, "find_flavor", lambda *_: (flavor, ("sm89",)))
    monkeypatch.setattr(bench_engines, "build_engine", fake_build)
    monkeypatch.setattr(bench_engines, "open_session", OnnxRuntimeSession)
    arguments = [str(weights.path), "--calib", images, "--data", images, "-o", str(tmp_path / "engines"), *QUICK]
    monkeypatch.setattr(sys, "argv", ["bench_engines.py", *arguments])
    return bench_engines.main(), tmp_path / "engines"


def test_engines_are_timed_and_read_beside_their_parent(measured: tuple[int, Path]) -> None:
    code, stem = measured
    assert code == 0
    data = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    (model,) = data["rows"]
    engines = {name for name in model["variants"] if name.startswith("TensorRT")}
    assert engines == {f"TensorRT {precision}, {home}" for precision in ("FP32", "FP16") for home in ("plugin", "loop")}
    for name in engines:
        assert model["variants"][name]["same_text"] == 1
        assert all(row["ms"] > 0 for row in model["variants"][name]["latency"].values())
    assert model["variants"]["TensorRT FP16, loop"]["realised"] == "3 × convolution fp16"
    assert data["options"]["GPU"] == "Test GPU, sm89"


def test_what_is_missing_is_told(measured: tuple[int, Path]) -> None:
    _, stem = measured
    (model,) = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))["rows"]
    assert "A convolution runs in FP16." in model["notes"]["TensorRT INT8"]
    if not torch.cuda.is_available():
        assert "PyTorch has no GPU" in model["notes"]["torch FP16"]
        assert "CUDAExecutionProvider" in model["notes"]["ORT CUDA FP32"]
    markdown = stem.with_suffix(".md").read_text(encoding="utf-8")
    for note in model["notes"]:
        assert f"- **{note}**" in markdown


def test_speeds_are_against_every_peer_that_there_is() -> None:
    def variant(ms: float) -> dict[str, object]:
        return {"latency": {"median": {"ms": ms}}}

    found = bench_engines.speeds({"ORT FP32": variant(8), "torch FP16": variant(2), "TensorRT FP16": variant(0.5)})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in found.splitlines()]
    assert rows[0] == ["Line", "Variant", "ms", "× torch FP16"]
    assert rows[2:] == [
        ["median", "ORT FP32", "8.00", "0.25×"],
        ["median", "torch FP16", "2.00", "—"],
        ["median", "TensorRT FP16", "0.500", "4.0×"],
    ]


def test_a_network_in_half_takes_and_gives_fp32() -> None:
    network = torch.nn.Conv2d(1, 2, 3)
    images = torch.randn(1, 1, 8, 8)
    expected = network(images)
    found = InHalf(network)(images)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=5e-3, rtol=0)
    assert not torch.equal(found, expected)


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    arguments = ["model.onnx", "--calib", "x", "--data", "x", "-o", str(tmp_path / "engines")]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])},
    )
    assert done.returncode == 2
    assert "There is no NVIDIA GPU" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
