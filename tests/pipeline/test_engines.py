"""Engines in a run: built, shipped, cached, judged where there is a GPU, and never claimed to have run where not."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline import fake_engines
from pipeline.fake_engines import TOOLS, Builder
from pipeline.runs import manifest, stages

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.native.plugin import PLUGIN_VARIABLE, build_plugin, find_nvcc
from crnn_deploy.native.plugin.config import PluginConfig
from crnn_deploy.pipeline import engine_tools
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.run import RunResult, run
from crnn_deploy.quantization import quantize as quantizer
from crnn_deploy.report.run.write import read_report
from crnn_deploy.runtime.tensorrt.manifest import read_manifest

pytestmark = pytest.mark.usefixtures("fast_enough")
WriteRecipe = Callable[..., Path]
BOTH = {"precisions": ["fp16", "int8"]}
MISSING = InputError("No TensorRT is installed.", "Engines are built by it.", "pip install it")


@pytest.fixture(autouse=True)
def _the_baseline_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the untrained baseline read enough to be held against; `test_run.py` tests what happens otherwise."""
    monkeypatch.setattr(Evaluation, "unproven", "")


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("student.*") if "engine" in path.name or "tensorrt" in path.name}


def statuses(result: RunResult) -> dict[str, str]:
    return {variant.name: variant.gate.status for variant in result.report.variants}


def test_without_a_gpu_engines_are_built_and_claim_nothing(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, out = Builder(), tmp_path / "out"
    fake_engines.install(monkeypatch, builder)
    result = run(RunConfig(recipe=write_recipe(engines=BOTH), out=out))
    shown = {variant.name: variant for variant in result.report.variants}
    for name in ("engine-fp16", "engine-int8"):
        assert shown[name].gate.status == "unproven"
        assert shown[name].gate.reason == "built, not run: no NVIDIA GPU here"
        assert shown[name].accuracy is None
        assert shown[name].latency == ()
        assert Path(shown[name].path).stat().st_size == shown[name].size_bytes
        assert shown[name].parameters == 120
    assert result.report.shipped.name == manifest(out)["ships"] == "student-int8"
    assert result.rejected == []
    assert not any(name.startswith("engine") for example in result.report.examples for name in example.readings)
    assert any(note.startswith("engine-int8 was built from an INT8 model that reads ") for note in result.report.notes)

    assert [order.model.name for order in builder.orders] == ["student.onnx", "student.tensorrt.int8.onnx"]
    assert {order.targets for order in builder.orders} == {TOOLS.targets}
    assert files(out) == {
        *(f"student.{precision}.engine{end}" for precision in ("fp16", "int8") for end in ("", ".json", ".log")),
        "student.tensorrt.int8.onnx", "student.tensorrt.int8.html",
    }  # fmt: skip
    assert manifest(out)["artifacts"]["engine-fp16"]["path"] == "student.fp16.engine"
    assert manifest(out)["artifacts"]["student-tensorrt-int8"]["path"] == "student.tensorrt.int8.onnx"
    assert read_manifest(out / "student.int8.engine").precision == "int8"
    assert read_report(out).engines == result.report.engines
    assert result.report.engines["engine-fp16"].log == str(out / "student.fp16.engine.log")


def test_only_a_change_builds_engines_again_and_none_outlive_their_recipe(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, out, recipe = Builder(), tmp_path / "out", write_recipe(engines=BOTH)
    fake_engines.install(monkeypatch, builder)
    run(RunConfig(recipe=recipe, out=out))
    run(RunConfig(recipe=recipe, out=out))
    assert all(stages(out).values())
    assert len(builder.orders) == 2
    for changed in ({"version": "1.8"}, {"targets": ("sm89",)}, {"plugin": {"sources": "new"}}):
        fake_engines.install(monkeypatch, builder, TOOLS.model_copy(update=changed))
        run(RunConfig(recipe=recipe, out=out))
        assert [name for name, cached in stages(out).items() if not cached] == [
            "build-engine-fp16",
            "build-engine-int8",
        ]
    fake_engines.install(monkeypatch, builder)
    run(RunConfig(recipe=recipe, out=out, settings=("engines.max_batch=3",)))
    assert [order.max_batch for order in builder.orders[-2:]] == [3, 3]
    run(RunConfig(recipe=recipe, out=out, settings=("engines.precisions=[fp16]",)))
    assert files(out) == {"student.fp16.engine", "student.fp16.engine.json", "student.fp16.engine.log"}
    run(RunConfig(recipe=recipe, out=out, settings=("engines=null",)))
    assert files(out) == set()


def test_an_engine_that_fails_its_own_gate_is_rejected_and_the_others_go_on(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder, out = Builder(), tmp_path / "out"
    fake_engines.install(monkeypatch, builder)
    run(RunConfig(recipe=write_recipe(engines=BOTH), out=out))
    builder.failures = {"fp16": GateError("2 layers do not run in FP16.", "conv1", "Build with another version.")}
    result = run(RunConfig(recipe=write_recipe(engines={**BOTH, "max_batch": 3}), out=out))
    assert result.rejected == ["engine-fp16"]
    assert statuses(result)["engine-int8"] == "unproven"
    assert "engine-fp16" not in statuses(result)
    told = "engine-fp16 does not ship. 2 layers do not run in FP16. conv1 Build with another version."
    assert result.report.notes[0] == told
    assert "student.fp16.engine" not in files(out)  # the one of the run before


def test_an_int8_model_beyond_its_budget_gives_no_engine(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    complain = quantizer.complaint_about
    monkeypatch.setattr(
        quantizer,
        "complaint_about",
        lambda config, *rest: ("INT8 costs too much.", "") if config.target == "tensorrt" else complain(config, *rest),
    )
    fake_engines.install(monkeypatch, Builder())
    result = run(RunConfig(recipe=write_recipe(engines=BOTH), out=tmp_path / "out"))
    assert result.rejected == ["engine-int8"]
    assert statuses(result)["student-int8"] == "passed"
    assert "Rejected" in (tmp_path / "out" / "student.tensorrt.int8.html").read_text()
    assert "student.tensorrt.int8.onnx" not in files(tmp_path / "out")


def test_what_cannot_be_built_here_is_left_out_with_one_note(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engines.install(monkeypatch, Builder(), MISSING)
    result = run(RunConfig(recipe=write_recipe(engines=BOTH), out=tmp_path / "out"))
    expected = "No engine was built. No TensorRT is installed. Engines are built by it. pip install it"
    assert [note for note in result.report.notes if "TensorRT" in note] == [expected]
    assert result.report.engines == {}
    assert result.rejected == []

    refusal = InputError("TensorRT cannot take this model.")
    fake_engines.install(monkeypatch, Builder({"fp16": refusal}))
    result = run(RunConfig(recipe=write_recipe(engines=BOTH), out=tmp_path / "out"))
    assert "engine-fp16 was not built. TensorRT cannot take this model." in result.report.notes
    assert statuses(result)["engine-int8"] == "unproven"
    for meant in ({"required": True}, {"targets": ["sm89"]}, {"flavor": "tensorrt"}):
        with pytest.raises(InputError, match="cannot take this model"):
            run(RunConfig(recipe=write_recipe(engines={**BOTH, **meant}), out=tmp_path / "out"))


def test_required_engines_fail_before_anything_long(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engines.install(monkeypatch, Builder(), MISSING)
    with pytest.raises(InputError, match="cannot build the engines that the recipe requires") as caught:
        run(RunConfig(recipe=write_recipe(engines={"required": True}), out=tmp_path / "out"))
    assert "No TensorRT is installed." in caught.value.cause
    assert caught.value.fix == "pip install it"
    assert not (tmp_path / "out").exists()


def test_a_profile_that_the_student_cannot_take_fails_before_the_training(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engines.install(monkeypatch, Builder())
    engines = {"profiles": ["1x1x48x32,8x1x48x320,16x1x48x640"]}
    with pytest.raises(InputError, match="no input of this model"):
        run(RunConfig(recipe=write_recipe(engines=engines), out=tmp_path / "out"))
    assert not list((tmp_path / "out" / "stages").glob("distill-*"))


def test_with_a_gpu_engines_are_judged_like_the_others(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engines.install(monkeypatch, Builder())
    fake_engines.install_gpu(monkeypatch, {"fp16": 0.02, "int8": 0.04})
    result = run(RunConfig(recipe=write_recipe(engines=BOTH), out=tmp_path / "out"))
    shown = {variant.name: variant for variant in result.report.variants}
    assert shown["engine-fp16"].gate.status == "passed"
    assert "0.0200\u00a0ms on the GPU" in shown["engine-fp16"].gate.reason
    assert shown["engine-int8"].gate.status == "rejected"
    assert shown["engine-int8"].gate.reason == "0.5× the speed of engine-fp16 on the GPU (at least 1×)"
    assert shown["engine-fp16"].accuracy is not None
    assert {pair.variant for pair in result.report.comparisons} >= {"engine-fp16", "engine-int8"}
    assert result.report.shipped.name == "engine-fp16"
    assert result.rejected == ["engine-int8"]


def test_a_real_engine_of_a_tiny_student(
    tmp_path: Path, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if importlib.util.find_spec("tensorrt_rtx") is None:
        pytest.skip("needs TensorRT-RTX: pip install 'crnn-deploy[tensorrt-rtx]'")
    assert request.config.cache is not None
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(request.config.cache.mkdir("plugin")))  # compiled once
    try:
        find_nvcc()
    except InputError as error:
        pytest.skip(f"needs nvcc: {error.fix}")
    monkeypatch.setenv(PLUGIN_VARIABLE, str(build_plugin(PluginConfig(architectures=("sm89",))).path))
    monkeypatch.setattr(engine_tools, "find_gpu", lambda: None)
    engines = {**BOTH, "flavor": "tensorrt-rtx", "targets": ["sm89"], "required": True}
    result = run(RunConfig(recipe=write_recipe(engines=engines), out=tmp_path / "out"))
    assert {name: status for name, status in statuses(result).items() if name.startswith("engine")} == {
        "engine-fp16": "unproven",
        "engine-int8": "unproven",
    }
    for record in result.report.engines.values():
        assert [layer.home for layer in record.recurrent] == ["plugin"]
        assert record.parity is not None
        assert record.parity.images == 40
    found = read_manifest(tmp_path / "out" / "student.int8.engine")
    assert found.compute_capabilities == ("sm89",)
    assert "int8" in result.report.variants[-1].precision
