"""INT8 without a proof runs where `quantize` would have it run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import stopwatches
from tiny_crnn import tiny_artifact, tiny_spec

from crnn_deploy.artifact import read_onnx
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.quantization import untrained
from crnn_deploy.quantization.untrained import quantize_untrained
from crnn_deploy.runtime.onnxruntime import open_network

IMAGE = np.random.default_rng(0).standard_normal((1, 1, 16, 64), np.float32)


@pytest.fixture
def exported(tmp_path: Path) -> onnx.ModelProto:
    parent = tiny_artifact(tmp_path, tiny_spec())
    return read_onnx(export(ExportConfig(model=parent.path, output=tmp_path / "m.onnx")).path)


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_all_layers_run_in_int8_where_that_is_fastest(
    exported: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untrained, "InterleavedStopwatch", stopwatches.EachFasterThanTheLast)
    quantized = quantize_untrained(exported, IMAGE)
    assert "QGRU" in operators(quantized)
    assert quantized.ByteSize() < 0.5 * exported.ByteSize()
    expected, found = (open_network(m, 1).session.run(None, {"images": IMAGE})[0] for m in (exported, quantized))
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.99


def test_layers_that_lose_in_int8_stay_in_fp32(exported: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrained, "InterleavedStopwatch", stopwatches.ConvolutionsLose)
    quantized = quantize_untrained(exported, IMAGE)
    assert "QGRU" in operators(quantized)
    assert "QuantizeLinear" not in operators(quantized)
