"""Artifacts carry their spec and say what is wrong with files that don't."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from safetensors.torch import save_file

from crnn_deploy.artifact import (
    open_artifact,
    read_engine_json,
    read_onnx,
    read_safetensors,
    read_spec,
    write_onnx,
    write_safetensors,
)
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

SPEC = ModelSpec(name="m", charset="aé", preprocessing=Preprocessing(height=32))


def identity() -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", values[:1], values[1:])
    return helper.make_model(graph)


def test_safetensors_round_trip(tmp_path: Path) -> None:
    weight = torch.randn(3, 4).t()  # not contiguous
    written = write_safetensors(tmp_path / "m.safetensors", {"w": weight}, SPEC)
    assert open_artifact(written.path).spec == SPEC
    assert torch.equal(read_safetensors(written.path)["w"], weight)
    assert written.format == "safetensors"
    assert written.size_bytes == written.path.stat().st_size


def test_onnx_round_trip_keeps_other_properties(tmp_path: Path) -> None:
    model = identity()
    model.metadata_props.add(key="author", value="someone")
    first = write_onnx(tmp_path / "m.onnx", model, SPEC)
    second = write_onnx(tmp_path / "n.onnx", read_onnx(first.path), SPEC.model_copy(update={"name": "n"}))
    assert open_artifact(second.path).spec.name == "n"
    assert [p.key for p in read_onnx(second.path).metadata_props].count("author") == 1
    assert len(model.metadata_props) == 1


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    tensors = {"b": torch.ones(2), "a": torch.zeros(3)}
    files = [write_safetensors(tmp_path / f"{i}.safetensors", tensors, SPEC).path.read_bytes() for i in range(2)]
    assert files[0] == files[1]


def test_a_sound_file_without_a_spec_says_how_to_add_one(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "plain.safetensors")
    assert read_spec(tmp_path / "plain.safetensors") is None
    with pytest.raises(InputError, match="carries no crnn-deploy spec") as caught:
        open_artifact(tmp_path / "plain.safetensors")
    assert "--spec" in caught.value.fix


def test_files_that_are_no_artifacts(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "model.pth").write_bytes(b"x")
    for name, message in [("none.onnx", "not exist"), ("empty.onnx", "empty"), ("model.pth", "not an artifact")]:
        with pytest.raises(InputError, match=message):
            open_artifact(tmp_path / name)
    with pytest.raises(InputError, match="folder"):
        open_artifact(tmp_path)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 200), st.sampled_from(["safetensors", "onnx"]))
def test_truncated_files_raise_input_errors_only(
    tmp_path_factory: pytest.TempPathFactory, keep: int, suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = folder / f"m.{suffix}"
    if suffix == "onnx":
        write_onnx(whole, identity(), SPEC)
    else:
        write_safetensors(whole, {"w": torch.ones(9)}, SPEC)
    cut = folder / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[:keep])
    with pytest.raises(InputError):
        open_artifact(cut)


@given(st.binary(max_size=300), st.sampled_from(["safetensors", "onnx"]))
def test_noise_raises_input_errors_only(tmp_path_factory: pytest.TempPathFactory, noise: bytes, suffix: str) -> None:
    file = tmp_path_factory.mktemp("noise") / f"noise.{suffix}"
    file.write_bytes(noise)
    with pytest.raises(InputError):
        open_artifact(file)


def engine(folder: Path, beside: str | None) -> Path:
    path = folder / "m.engine"
    path.write_bytes(b"plan")
    if beside is not None:
        (folder / "m.engine.json").write_text(beside, encoding="utf-8")
    return path


def test_the_spec_of_an_engine_stands_beside_it(tmp_path: Path) -> None:
    beside = json.dumps({"spec": SPEC.model_dump(mode="json"), "engine": {"flavor": "tensorrt"}})
    found = open_artifact(engine(tmp_path, beside))
    assert found.spec == SPEC
    assert (found.format, found.size_bytes) == ("engine", 4)
    assert found.sha256 == sha256(b"plan").hexdigest()
    assert read_engine_json(found.path, "engine") == {"flavor": "tensorrt"}


def test_an_engine_without_its_json_says_that_both_belong_together(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"m\.engine\.json is missing") as caught:
        open_artifact(engine(tmp_path, None))
    assert "build-engine" in caught.value.fix


@pytest.mark.parametrize("beside", [b"", b"{", b"[]", b"{}", b'{"spec": null}', b'{"spec": 1}', b"\xff"])
def test_damaged_json_beside_an_engine_is_refused(tmp_path: Path, beside: bytes) -> None:
    path = engine(tmp_path, None)
    (tmp_path / "m.engine.json").write_bytes(beside)
    with pytest.raises(InputError, match=r"m\.engine\.json is damaged"):
        open_artifact(path)


@pytest.mark.parametrize(("spec", "message"), [({}, "is damaged"), ({"schema_version": 99}, "newer crnn-deploy")])
def test_a_wrong_spec_beside_an_engine_is_refused(tmp_path: Path, spec: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_artifact(engine(tmp_path, json.dumps({"spec": spec})))
