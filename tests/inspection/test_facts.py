"""The same model has the same figures in PyTorch and in ONNX."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_crnn
from torch import nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.export import ExportConfig, export
from crnn_deploy.inspection import measure
from crnn_deploy.models import load_model


def folded(artifact: Artifact) -> int:
    """Parameters that folding batch norms into convolutions without bias saves: a scale for each channel."""
    norms = [module for module in load_model(artifact).modules() if isinstance(module, nn.BatchNorm2d)]
    return sum(norm.num_features for norm in norms)


@pytest.mark.parametrize("options", [{}, {"rnn": "lstm", "layers": 2}, {"bidirectional": False}])
def test_torch_and_onnx_agree(tmp_path: Path, options: dict[str, object]) -> None:
    original = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec(**options))
    exported = export(ExportConfig(model=original.path, output=tmp_path / "tiny.onnx"))
    torch_facts, onnx_facts = measure(original), measure(exported)
    assert onnx_facts.macs == torch_facts.macs > 0
    assert onnx_facts.macs_input == torch_facts.macs_input == (1, 1, 16, 52)
    assert onnx_facts.precision == torch_facts.precision == "fp32"
    assert onnx_facts.parameters == torch_facts.parameters - folded(original)
