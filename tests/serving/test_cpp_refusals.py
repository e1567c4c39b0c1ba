"""What a package for C++ cannot be made of, or without, is told before anything is written."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from conv_reader import conv_reader
from cpp_project import needs_tools
from onnx import TensorProto, helper
from packaged_specs import preprocessing, spec_of

from crnn_deploy.artifact import write_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.cpp import building
from crnn_deploy.serving.targets.cpp.target import CppTarget
from crnn_deploy.zoo import READER

pytestmark = needs_tools


def refused(output: Path) -> InputError:
    with pytest.raises(InputError) as refusal:
        package(PackageConfig(model=READER, target="cpp", output=output))
    assert not output.exists()
    return refusal.value


def test_without_tools_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("CXX", "/no/such/compiler")
        assert "compiler" in refused(tmp_path / "reader").fix
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        assert "CMake was not found" in refused(tmp_path / "reader").what
    monkeypatch.setattr(building, "_RUNTIME", tmp_path)
    assert "ONNX Runtime" in refused(tmp_path / "reader").what


def test_logits_of_half_precision_are_refused(tmp_path: Path) -> None:
    model = onnx.load(conv_reader(tmp_path / "conv.onnx", spec_of()).path)
    model.graph.node.append(helper.make_node("Cast", ["logits"], ["half"], to=TensorProto.FLOAT16))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("half", TensorProto.FLOAT16, [None] * 3))
    with pytest.raises(InputError, match="float16"):
        CppTarget().check(write_onnx(tmp_path / "half.onnx", model, spec_of()))


def test_rare_specs_are_refused(tmp_path: Path) -> None:
    spec = spec_of().model_copy(update={"preprocessing": preprocessing({"centerline": True})})
    with pytest.raises(InputError, match="for cpp cannot read"):
        CppTarget().check(conv_reader(tmp_path / "conv.onnx", spec))
