"""Builds that TensorRT refuses, and engines that are not what was asked for."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path
from typing import Any

import onnx
import pytest
import tiny_crnn
from engine.rtx_engines import Models, build
from onnx import helper

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx
from crnn_deploy.engine import build_engine as engine_module
from crnn_deploy.engine import plan_building as building
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer

pytestmark = pytest.mark.usefixtures("uses_rtx")


def with_precision(monkeypatch: pytest.MonkeyPatch, node: str | None, precision: str) -> None:
    """TensorRT runs a node, or everything, in this precision, whatever the graph says."""
    real = engine_module.build_plan

    def changed(layer: EngineLayer) -> EngineLayer:
        return layer.model_copy(update={"precision": precision} if node in (None, *layer.origins) else {})

    def build_plan(*arguments: Any) -> Any:
        built = real(*arguments)
        return dataclasses.replace(built, layers=tuple(map(changed, built.layers)))

    monkeypatch.setattr(engine_module, "build_plan", build_plan)


def test_int8_that_a_gpu_lacks_is_refused_and_nothing_but_a_log_stays(tmp_path: Path, models: Models) -> None:
    with pytest.raises(GateError, match="should run in INT8, and do not") as caught:
        build(tmp_path, models["int8"], precision="int8", targets=("sm75", "sm89"))
    assert "/features/features.0/Conv" in caught.value.cause
    assert "--target sm75" in caught.value.fix
    assert [path.name for path in tmp_path.glob("m.*")] == ["m.engine.rejected.log"]
    assert f"What TensorRT said is in {tmp_path / 'm.engine.rejected.log'}." in caught.value.fix


def test_a_node_that_was_to_stay_in_fp32_and_does_not_is_refused(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_precision(monkeypatch, "/features/features.0/Conv", "fp16")
    with pytest.raises(GateError, match="1 of 1 layers of this engine should run in FP32") as caught:
        build(tmp_path, models["gru"], keep_fp32=("/features/features.0/Conv",))
    assert caught.value.cause == "/features/features.0/Conv: FP16, not FP32"
    assert "right before and behind it" in caught.value.fix
    assert "--fp32" in caught.value.fix


def test_what_the_model_says_is_int8_cannot_stay_in_fp32(tmp_path: Path, models: Models) -> None:
    with pytest.raises(GateError, match="should run in FP32") as caught:
        build(tmp_path, models["int8"], precision="int8", keep_fp32=("/features/features.0/Conv",))
    assert "INT8, not FP32" in caught.value.cause
    assert "Q/DQ" in caught.value.fix


def test_what_overflows_on_the_images_and_runs_in_fp16_all_the_same_is_refused(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_crnn.register(monkeypatch)
    changes = {"features.4.weight": 3e5, "rnn.weight_ih_l0": 1e-5}  # and back again, one layer further on
    parent = tiny_crnn.tiny_artifact(tmp_path, tiny_crnn.tiny_spec(), changes)
    model = export(ExportConfig(model=parent.path, output=tmp_path / "high.onnx")).path
    made = build(tmp_path, model, data=str(models["lines"]))
    assert made.record.parity is not None
    assert "/features/features.3/Conv" in made.record.parity.kept_fp32
    with_precision(monkeypatch, "/features/features.3/Conv", "fp16")
    with pytest.raises(GateError, match="should run in FP32") as caught:
        build(tmp_path, model, data=str(models["lines"]), force=True)
    assert "/features/features.3/Conv: FP16, not FP32" in caught.value.cause


def test_an_operator_that_tensorrt_lacks_is_named(tmp_path: Path, models: Models) -> None:
    model = read_onnx(models["classifier"])
    last = model.graph.node[-1]
    result, last.output[0] = last.output[0], "odds"
    model.graph.node.append(helper.make_node("Multinomial", ["odds"], ["drawn"], name="/dice", sample_size=8))
    model.graph.node.append(helper.make_node("Cast", ["drawn"], [result], to=onnx.TensorProto.FLOAT))
    spec = open_artifact(models["classifier"]).spec
    unsupported = write_onnx(tmp_path / "unsupported.onnx", model, spec)
    with pytest.raises(InputError, match="TensorRT-RTX cannot take this model") as caught:
        build(tmp_path, unsupported.path, precision="fp32")
    assert "Multinomial" in caught.value.cause
    assert "/dice" in caught.value.cause
    assert "Multinomial" in (tmp_path / "m.engine.rejected.log").read_text()


def test_a_full_disk_is_told_and_leaves_no_engine(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        build(tmp_path, models["gru"])
    assert [path.name for path in tmp_path.glob("*m.engine*")] == ["m.engine.rejected.log"]


def test_a_wrong_precision_is_caught_whatever_tensorrt_does(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_precision(monkeypatch, None, "fp32")
    with pytest.raises(GateError, match="should run in FP16") as caught:
        build(tmp_path, models["gru"], targets=("sm75",))
    assert "--fp32" in caught.value.fix
    assert "--fp16" not in caught.value.fix
    assert "INT8" not in caught.value.fix
    with_precision(monkeypatch, None, "fp16")
    with pytest.raises(GateError, match="should run in FP32") as caught:
        build(tmp_path, models["gru"], precision="fp32")
    assert caught.value.fix.startswith("Build with another version of TensorRT-RTX.")


def test_a_build_that_fails_leaves_the_engine_before_it_with_its_log(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, models["gru"])
    before = {path.name: path.read_bytes() for path in tmp_path.glob("m.*")}
    with monkeypatch.context() as patch:
        with_precision(patch, None, "fp32")
        with pytest.raises(GateError):
            build(tmp_path, models["gru"], force=True, max_batch=2)
    after = {path.name: path.read_bytes() for path in tmp_path.glob("m.*")}
    assert "Layers:" in after.pop("m.engine.rejected.log").decode()
    assert after == before
    build(tmp_path, models["gru"], force=True)
    assert not (tmp_path / "m.engine.rejected.log").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"workspace_mb": 1}, "Give more than --workspace-mb 1 or leave it out, keep the layer in FP32"),
        ({"targets": ("sm86", "sm89")}, "Leave out the --target that it names, keep the layer in FP32"),
        ({"precision": "fp32"}, "Choose other profiles."),
    ],
)
def test_what_may_help_a_failed_build_is_what_was_asked_for(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr(building, "_build", lambda *_: None)
    with pytest.raises(InputError, match="could not build the engine") as caught:
        build(tmp_path, models["gru"], **options)
    assert caught.value.fix.startswith(told)
    assert ("--workspace-mb" in caught.value.fix) == ("workspace_mb" in options)


@pytest.mark.parametrize(
    ("model", "complaint", "told"),
    [
        (
            "lstm",
            "Myelin (MyelinCheckException: gvn.cpp:325: CHECK(graph().ssa_validation()) failed.",
            "a single width",
        ),
        ("classifier", "Unexpected exception vector::_M_range_check", "another version of TensorRT-RTX"),
        ("classifier", "Cannot compile operation for Turing (SM75)", "keep the layer in FP32"),
    ],
)
def test_advice_fits_what_tensorrt_complains_of(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch, model: str, complaint: str, told: str
) -> None:
    monkeypatch.setattr(building, "_build", lambda *_: None)
    monkeypatch.setattr(building, "_first", lambda _: complaint)
    with pytest.raises(InputError, match="could not build the engine") as caught:
        build(tmp_path, models[model])
    advice = caught.value.fix.lower()
    assert told.lower() in advice
    assert "profiles" not in advice, "classifiers have one width, and errors inside TensorRT are not of shapes"
    assert ("an error inside TensorRT-RTX, not in the model".lower() in advice) == ("exception" in complaint.lower())
