"""Real engines of tiny models, built by TensorRT-RTX without a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engine.rtx_engines import Models, build, counts

from crnn_deploy.artifact import open_artifact, read_spec
from crnn_deploy.engine.build_engine import build_engine
from crnn_deploy.engine.config import EngineConfig
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.tensorrt.manifest import read_manifest

FOUR = ("sm86", "sm89", "sm120", "sm80")

pytestmark = pytest.mark.usefixtures("uses_rtx")


@pytest.mark.parametrize("targets", [("sm89",), FOUR])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_float_engines(tmp_path: Path, models: Models, precision: str, targets: tuple[str, ...]) -> None:
    made = build(tmp_path, models["gru"], precision=precision, targets=targets)
    assert counts(made)["convolution", precision] == 2
    assert {layer.home for layer in made.record.recurrent} == {"loop"}
    assert set(made.record.manifest.compute_capabilities) == set(targets)
    assert made.record.engine_bytes == made.artifact.size_bytes


@pytest.mark.parametrize("targets", [("sm89",), FOUR])
def test_int8_engines(tmp_path: Path, models: Models, targets: tuple[str, ...]) -> None:
    made = build(tmp_path, models["int8"], precision="int8", targets=targets)
    assert counts(made)["convolution", "int8"] == 2
    assert ("convolution", "fp16") not in counts(made)


def test_lstm_and_classifier(tmp_path: Path, models: Models) -> None:
    lstm = build(tmp_path / "a", models["lstm"])
    assert lstm.record.recurrent[0].op == "LSTM"
    classifier = build(tmp_path / "b", models["classifier"], max_batch=4)
    (profile,) = classifier.record.manifest.profiles
    assert (profile.min, profile.max) == ((1, 1, 16, 40), (4, 1, 16, 40))


def test_the_engine_tells_what_it_is(tmp_path: Path, models: Models) -> None:
    made = build(tmp_path, models["gru"], profiles=("1x32,4x64,8x96",))
    parent = open_artifact(models["gru"])
    manifest = read_manifest(made.artifact.path)
    assert manifest.engine_sha256 == made.artifact.sha256
    assert manifest.parent_sha256 == parent.sha256
    assert (manifest.flavor, manifest.precision, manifest.compute_capabilities) == ("tensorrt-rtx", "fp16", ("sm89",))
    assert (manifest.input_name, manifest.output_name) == ("images", "logits")
    assert manifest.profiles[0].opt == (4, 1, 16, 64)
    assert {layer.precision for layer in manifest.layers if layer.kind == "convolution"} == {"fp16"}
    spec = open_artifact(made.artifact.path).spec
    assert spec.lineage[-1].stage == "build-engine"
    assert spec.lineage[-1].parent_sha256 == parent.sha256
    assert spec.lineage[:-1] == parent.spec.lineage
    assert made.record.log == f"{made.artifact.path}.log"
    assert "Layers:" in Path(made.record.log).read_text()


def test_what_is_to_stay_in_fp32_does(tmp_path: Path, models: Models) -> None:
    made = build(tmp_path, models["gru"], keep_fp32=("/features/features.0/Conv", "/head/MatMul", "/head/Add"))
    kept = {layer.name: layer.realised for layer in made.record.kept_fp32}
    assert kept["/features/features.0/Conv"] == ("fp32",)
    assert kept["/head/MatMul"] == ("fp32",)
    layers = read_manifest(made.artifact.path).layers
    found = {layer.precision for layer in layers if "/head/MatMul" in layer.origins and layer.kind == "matmul"}
    assert found == {"fp32"}


def test_the_same_inputs_give_the_same_lineage(tmp_path: Path, models: Models) -> None:
    specs = [read_spec(build(tmp_path / name, models["gru"]).artifact.path) for name in ("a", "b")]
    assert specs[0] == specs[1]


def test_buckets_come_from_the_images_which_must_read_the_same(tmp_path: Path, models: Models) -> None:
    made = build(tmp_path, models["gru"], data=str(models["lines"]), buckets=2, precision="fp32")
    assert len(made.record.manifest.profiles) == 3
    assert made.record.parity is not None
    assert (made.record.parity.images, made.record.parity.changed) == (24, 0)
    profiles = {layer.profile for layer in read_manifest(made.artifact.path).layers}
    assert profiles == {0, 1, 2}


def test_a_model_without_qdq_is_no_int8(tmp_path: Path, models: Models) -> None:
    with pytest.raises(InputError, match="no Q/DQ nodes") as caught:
        build(tmp_path, models["gru"], precision="int8")
    assert "quantize" in caught.value.fix
    assert list(tmp_path.glob("m.*")) == []


def test_only_onnx_becomes_an_engine(tmp_path: Path, models: Models) -> None:
    with pytest.raises(InputError, match="is not ONNX") as caught:
        build(tmp_path, models["gru"].parent / "tiny.safetensors")
    assert "crnn-deploy export" in caught.value.fix


def test_what_tensorrt_cannot_build_is_told_in_its_words(tmp_path: Path, models: Models) -> None:
    with pytest.raises(InputError, match="could not build") as caught:
        build(tmp_path, models["gru"], precision="fp32", targets=("sm75",))
    assert "SM75" in caught.value.cause


def test_outputs_are_checked_before_the_work(tmp_path: Path, models: Models) -> None:
    (tmp_path / "m.engine").write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        build(tmp_path, models["gru"])
    with pytest.raises(InputError, match=r"must end in \.engine"):
        build_engine(EngineConfig(model=models["gru"], output=tmp_path / "m.plan"))
    assert (tmp_path / "m.engine").read_text() == "mine"


def test_images_that_fit_no_profile_are_counted_and_not_compared(tmp_path: Path, models: Models) -> None:
    made = build(tmp_path, models["gru"], data=str(models["lines"]), profiles=("1x20,4x40,8x40",))
    assert made.record.fit is not None
    assert made.record.parity is not None
    assert made.record.fit.images == 24
    assert 0 < made.record.fit.outside < 24
    assert made.record.parity.images == 24 - made.record.fit.outside
    with pytest.raises(InputError, match="None of the 24 images fits a profile"):
        build(tmp_path / "b", models["gru"], data=str(models["lines"]), profiles=("1x200,4x200,8x200",))
    assert build(tmp_path / "c", models["gru"]).record.fit is None


def test_an_int8_engine_tells_what_it_does_in_fp32(tmp_path: Path, models: Models) -> None:
    record = build(tmp_path / "a", models["int8"], precision="int8").record
    assert record.gains_little_by_int8
    assert record.larger_than_model
    assert 0 < record.rescaling_layers < sum(layer.count for layer in record.layers)
    assert not build(tmp_path / "b", models["gru"]).record.gains_little_by_int8


def test_the_manifest_is_json_that_others_can_read(tmp_path: Path, models: Models) -> None:
    build(tmp_path, models["gru"])
    content = json.loads((tmp_path / "m.engine.json").read_text())
    assert set(content) == {"spec", "engine"}
    assert content["engine"]["layers"][0].keys() >= {"name", "kind", "precision"}
