"""`evaluate` and `predict` run the code of an artifact's author only where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_crnn
import torch

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import EvaluateConfig, EvaluateOptions, PredictConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.evaluation.predict import predict
from crnn_deploy.models.user_module import module_architecture

NETWORK = 'from pathlib import Path\nfrom torch import nn\nPath("executed").touch()\nclass Net(nn.Linear):\n    pass\n'


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An artifact that names a file which leaves a trace when it runs, and lines to read."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(NETWORK)
    tiny_crnn.image_folder(tmp_path / "lines", 2)
    Path("lines/labels.tsv").write_text("000.png\tabc\n001.png\tabc\n")
    spec = tiny_crnn.tiny_spec().model_copy(update={"architecture": module_architecture("net.py:Net", {})})
    return write_safetensors(tmp_path / "stranger.safetensors", {"weight": torch.zeros(1)}, spec).path


def runs_it(read: object, config: EvaluateConfig | PredictConfig) -> bool:
    """Whether the stranger's file was run; a refusal says how to trust it. It holds no network that reads."""
    Path("executed").unlink(missing_ok=True)
    with pytest.raises(InputError) as refusal:
        read(config)  # type: ignore[operator]
    executed = Path("executed").exists()
    assert ("--trust-module" in str(refusal.value)) is not executed
    return executed


def test_evaluating_runs_no_code_unless_asked(stranger: Path) -> None:
    assert not runs_it(evaluate, EvaluateConfig(artifact=stranger, data="lines"))
    assert not runs_it(evaluate, EvaluateOptions().with_paths(stranger, "lines"))
    assert runs_it(evaluate, EvaluateConfig(artifact=stranger, data="lines", trust_module=True))
    assert runs_it(evaluate, EvaluateOptions().with_paths(stranger, "lines", trust_module=True))


def test_predicting_runs_no_code_unless_asked(stranger: Path) -> None:
    assert not runs_it(predict, PredictConfig(images=("lines",), model=stranger))
    assert runs_it(predict, PredictConfig(images=("lines",), model=stranger, trust_module=True))
