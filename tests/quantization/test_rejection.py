"""Candidates that may not ship, and models that can't be quantized."""

from __future__ import annotations

import pytest
import stopwatches
from onnx import TensorProto, helper
from tiny_crnn import rows_as_logits, tiny_spec

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.quantization import quantize as quantizer
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import RejectedError, quantize
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.quantization.search.error_rise_cap import ErrorRiseCap

from .making import fp32, int8


def test_where_no_candidate_keeps_the_budget_the_best_is_kept_as_rejected(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(ErrorRiseCap, "accepts", lambda *_: False)
    parent = fp32(tmp_path)
    with pytest.raises(RejectedError, match="keeps the budget of 0 points") as caught:
        int8(parent, calib, max_error_rise=0.0, calibrator="minmax")
    assert caught.value.exit_code == 1
    rejected = tmp_path / "tiny.int8.rejected.onnx"
    assert str(rejected) in caught.value.fix
    assert not (tmp_path / "tiny.int8.onnx").exists()
    step = open_artifact(rejected).spec.lineage[-1]
    assert "budget of 0 points" in step.notes["rejected"]
    assert caught.value.quantized.record.rejected == caught.value.what == step.notes["rejected"]
    assert caught.value.quantized.artifact.path == rejected
    assert caught.value.quantized.record.speed == ()


def test_a_model_that_is_not_faster_is_rejected(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
    with pytest.raises(RejectedError, match="no faster on this machine"):
        int8(fp32(tmp_path), calib)
    assert (tmp_path / "tiny.int8.rejected.onnx").exists()
    assert not (tmp_path / "tiny.int8.onnx").exists()


def test_no_older_file_passes_for_what_was_just_made(tmp_path, calib, monkeypatch):
    parent = fp32(tmp_path)
    output, rejected = tmp_path / "tiny.int8.onnx", tmp_path / "tiny.int8.rejected.onnx"
    output.write_text("mine")
    with monkeypatch.context() as patch:
        patch.setattr(quantizer, "InterleavedStopwatch", stopwatches.ParentFastest)
        with pytest.raises(RejectedError) as caught:
            int8(parent, calib, force=True)
    assert f"{output} is an older file" in caught.value.fix
    assert output.read_text() == "mine"
    assert rejected.exists()
    int8(parent, calib, force=True)
    assert output.stat().st_size > 100
    assert not rejected.exists()


def test_quantized_models_and_weights_of_pytorch_are_refused(tmp_path, calib):
    parent = fp32(tmp_path)
    child = int8(parent, calib).artifact
    for model, match in ((child.path, "quantized already"), (tmp_path / "tiny.safetensors", "crnn-deploy export")):
        with pytest.raises(InputError, match=match):
            quantize(QuantizeConfig(model=model, data=str(calib), output=tmp_path / "no.onnx"))
    assert not (tmp_path / "no.onnx").exists()


def test_output_must_be_onnx(tmp_path, calib):
    with pytest.raises(InputError, match=r"must end in \.onnx"):
        quantize(QuantizeConfig(model=tmp_path / "m.onnx", data=str(calib), output=tmp_path / "o.bin"))


def test_nothing_to_quantize(tmp_path, calib):
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 16, "w"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "w", 9])
    graph = helper.make_graph(rows_as_logits(9), "g", [images], [logits])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    parent = write_onnx(tmp_path / "relu.onnx", model, tiny_spec())
    with pytest.raises(InputError, match="nothing to quantize"):
        int8(parent, calib)


def test_nothing_is_called_int8_that_did_not_run_so(tmp_path, calib, monkeypatch):
    monkeypatch.setattr(
        quantizer, "realised_precision", lambda _: realised_precision(read_onnx(tmp_path / "tiny.onnx"))
    )
    with pytest.raises(RejectedError, match="runs nothing"):
        int8(fp32(tmp_path), calib)
    assert not (tmp_path / "tiny.int8.onnx").exists()
