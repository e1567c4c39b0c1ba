"""Both runtimes give the same logits for the same model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crnn_deploy.artifact import Artifact, write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import ModelSpec


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    torch.manual_seed(0)
    plain = ModelSpec(name="t", charset="ab", preprocessing=Preprocessing(height=32))
    spec = student_spec("m", StudentChoice(family="mobilenet-v4-gru", width=0.25, hidden=8), plain)
    return write_safetensors(tmp_path / "m.safetensors", build(spec).state_dict(), spec)


@pytest.mark.parametrize("threads", [None, 1])
def test_torch_and_onnx_runtime_agree(model: Artifact, tmp_path: Path, threads: int | None) -> None:
    sessions = [
        open_session(m, threads) for m in (model, export(ExportConfig(model=model.path, output=tmp_path / "m.onnx")))
    ]
    assert [session.runtime for session in sessions] == ["torch", "onnxruntime"]
    images = np.random.default_rng(0).standard_normal((3, 1, 32, 52)).astype(np.float32)
    first, second = (session.run(images) for session in sessions)
    assert first.shape == (3, 13, 3)
    assert np.allclose(first, second, atol=1e-4)


def test_weights_that_do_not_fit_are_refused(model: Artifact, tmp_path: Path) -> None:
    other = write_safetensors(tmp_path / "other.safetensors", {"w": torch.ones(2)}, model.spec)
    with pytest.raises(InputError, match="don't fit"):
        open_session(other)


def test_a_graph_that_onnx_runtime_refuses(model: Artifact, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"\x08\x07")
    with pytest.raises(InputError, match="cannot load"):
        open_session(Artifact(path, model.spec))
