"""The same model has the same figures in PyTorch and in ONNX."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_crnn
from torch import nn

from crnn_deploy.artifact import Artifact, read_onnx, write_onnx
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.inspection.measure import measure
from crnn_deploy.models.assembly import load_model
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent


def folded(artifact: Artifact) -> int:
    """Parameters that folding batch norms into convolutions without bias saves: a scale for each channel."""
    norms = [module for module in load_model(artifact).modules() if isinstance(module, nn.BatchNorm2d)]
    return sum(norm.num_features for norm in norms)


RECURRENT = [{}, {"rnn": "lstm", "layers": 2}, {"bidirectional": False}]


@pytest.mark.parametrize("options", RECURRENT)
def test_int8_recurrence_counts_as_the_layer_that_it_stands_for(
    tmp_path: Path, options: dict[str, object], level: str | None
) -> None:
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec(**options))
    exported = export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx"))
    model = read_onnx(exported.path)
    quantize_recurrent(model, {node.name for node in model.graph.node})
    quantized = write_onnx(tmp_path / "tiny.int8.onnx", model, exported.spec)
    before, after = measure(exported), measure(quantized)
    assert (after.parameters, after.macs) == (before.parameters, before.macs)
    assert after.precision == ("int8+fp32" if level else "fp32")


@pytest.mark.parametrize("options", RECURRENT)
def test_torch_and_onnx_agree(tmp_path: Path, options: dict[str, object]) -> None:
    original = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec(**options))
    exported = export(ExportConfig(model=original.path, output=tmp_path / "tiny.onnx"))
    torch_facts, onnx_facts = measure(original), measure(exported)
    assert onnx_facts.macs == torch_facts.macs > 0
    assert onnx_facts.macs_input == torch_facts.macs_input == (1, 1, 16, 52)
    assert onnx_facts.precision == torch_facts.precision == "fp32"
    assert onnx_facts.parameters == torch_facts.parameters - folded(original)
