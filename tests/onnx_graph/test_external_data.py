"""The files of a model: its hash covers weights that lie beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.artifact import open_artifact, read_onnx, write_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.onnx_graph.external_data import model_files, model_sha256
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

SPEC = ModelSpec(name="m", charset="ab", preprocessing=Preprocessing(height=32))


def product(value: float) -> onnx.ModelProto:
    weight = numpy_helper.from_array(np.full((4, 3), value, np.float32), "w")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weight])
    return helper.make_model(graph)


def saved(folder: Path, value: float, location: str = "weights.data") -> Path:
    """An artifact whose weights lie in another file."""
    folder.mkdir()
    marked = read_onnx(write_onnx(folder / "whole.onnx", product(value), SPEC).path)
    onnx.save(marked, folder / "m.onnx", save_as_external_data=True, location=location, size_threshold=0)
    return folder / "m.onnx"


def test_two_models_that_differ_in_their_external_data_have_different_hashes(tmp_path: Path) -> None:
    one, other, same = saved(tmp_path / "1", 1.0), saved(tmp_path / "2", 2.0), saved(tmp_path / "3", 1.0)
    assert one.read_bytes() == other.read_bytes()
    assert open_artifact(one).sha256 == open_artifact(same).sha256 == model_sha256(one)
    assert open_artifact(one).sha256 != open_artifact(other).sha256


def test_exchanged_data_change_the_hash_of_the_same_file(tmp_path: Path) -> None:
    one, other = saved(tmp_path / "1", 1.0), saved(tmp_path / "2", 2.0)
    before = model_sha256(one)
    (tmp_path / "1" / "weights.data").write_bytes((tmp_path / "2" / "weights.data").read_bytes())
    assert model_sha256(one) == model_sha256(other) != before


def test_a_model_in_one_file_has_the_hash_of_the_file(tmp_path: Path) -> None:
    artifact = write_onnx(tmp_path / "m.onnx", product(1.0), SPEC)
    assert artifact.sha256 == sha256_of(artifact.path)
    assert model_files(artifact.path) == (artifact.path,)


def test_the_size_is_that_of_all_files(tmp_path: Path) -> None:
    path = saved(tmp_path / "1", 1.0)
    assert model_files(path) == (path, path.with_name("weights.data"))
    assert open_artifact(path).size_bytes == path.stat().st_size + path.with_name("weights.data").stat().st_size


def test_tensors_in_attributes_and_branches_count_too(tmp_path: Path) -> None:
    value = numpy_helper.from_array(np.ones(3, np.float32), "c")
    onnx.external_data_helper.set_external_data(value, "constant.data")
    value.ClearField("raw_data")
    (tmp_path / "constant.data").write_bytes(np.ones(3, np.float32).tobytes())
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=value)], "b", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    onnx.save(helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:])), tmp_path / "m.onnx")
    assert model_files(tmp_path / "m.onnx") == (tmp_path / "m.onnx", tmp_path / "constant.data")


def test_missing_external_data_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "1", 1.0)
    path.with_name("weights.data").unlink()
    for use in (open_artifact, model_sha256, read_onnx):
        with pytest.raises(InputError, match=r"weights\.data is missing"):
            use(path)


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "a/../../b", "", "C:\\\\x"])
def test_data_outside_the_folder_are_refused(tmp_path: Path, location: str) -> None:
    path = saved(tmp_path / "1", 1.0)
    model = onnx.load(path, load_external_data=False)
    for entry in model.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    onnx.save(model, path)
    with pytest.raises(InputError, match="outside its own folder"):
        model_sha256(path)


def test_a_broken_file_has_no_hash(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"\x08\xff")
    with pytest.raises(InputError, match="cannot be read"):
        model_sha256(tmp_path / "m.onnx")
