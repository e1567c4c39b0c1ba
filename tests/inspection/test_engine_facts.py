"""Engines are described by what their build has written down, without a GPU."""

from __future__ import annotations

import fake_tensorrt
import pytest
from fake_tensorrt import profile
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.errors import InputError
from crnn_deploy.inspection.describe import describe
from crnn_deploy.inspection.engine_facts import engine_precision
from crnn_deploy.inspection.measure import measure
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer, read_manifest

PROFILES = (profile((32, 100), 8), profile((100, 400), 4))


def layer(kind: str, precision: str, index: int = 0) -> EngineLayer:
    return EngineLayer(name=f"{kind} {precision}", kind=kind, precision=precision, profile=index)


def test_an_engine_tells_where_it_runs_and_what_is_inside(tmp_path) -> None:
    artifact = fake_tensorrt.engine(tmp_path, PROFILES, plugin=fake_tensorrt.plugin(embedded=True))
    found = describe(artifact.path)
    assert (found.format, found.task, found.charset) == ("engine", "ctc", ("a", "b"))
    assert (found.parameters, found.macs, found.macs_input) == (120, 3000, (1, 1, 10, 32))
    assert found.precision == "int8+fp16"
    assert found.sha256 == artifact.sha256
    assert not found.note
    assert found.engine is not None
    assert found.engine.compute_capabilities == ("sm86", "sm89")
    assert found.engine.profiles == PROFILES
    layers = [(layer.kind, layer.precision) for layer in found.engine.first_profile]
    assert layers == [("convolution", "int8"), ("matmul", "fp16"), ("cast", "fp32")]


def test_measuring_needs_no_gpu(tmp_path) -> None:
    facts = measure(fake_tensorrt.engine(tmp_path, PROFILES))
    assert (facts.parameters, facts.macs, facts.precision) == (120, 3000, "int8+fp16")


@pytest.mark.parametrize(
    ("layers", "precision"),
    [
        ([layer("convolution", "fp16"), layer("pointwise", "fp32")], "fp16"),
        ([layer("convolution", "int8"), layer("plugin", "fp16"), layer("matmul", "fp32")], "int8+fp16+fp32"),
        ([layer("matmul", "fp16"), layer("matmul", "fp32", 1)], "fp16"),
        ([layer("pointwise", "fp16"), layer("control", "bool"), layer("pointwise", "int32")], "fp16"),
        ([], "int8"),
    ],
)
def test_the_precision_is_that_of_the_products(tmp_path, layers, precision) -> None:
    artifact = fake_tensorrt.engine(tmp_path, PROFILES, layers=tuple(layers))
    assert engine_precision(read_manifest(artifact.path)) == precision


def test_an_engine_that_was_exchanged_is_noted(tmp_path) -> None:
    artifact = fake_tensorrt.engine(tmp_path, PROFILES)
    artifact.path.write_bytes(artifact.path.read_bytes() + b"\0")
    assert "is not the engine that the JSON beside it describes" in describe(artifact.path).note


def test_an_engine_without_its_json_is_refused(tmp_path) -> None:
    artifact = fake_tensorrt.engine(tmp_path, PROFILES)
    (tmp_path / "line.engine.json").unlink()
    with pytest.raises(InputError, match=r"line\.engine\.json is missing"):
        describe(artifact.path)


def test_inspect_shows_it_to_people(tmp_path) -> None:
    artifact = fake_tensorrt.engine(tmp_path, PROFILES, version_compatible=True)
    shown = CliRunner().invoke(app, ["inspect", str(artifact.path)]).stdout
    for part in (
        "TensorRT 10.3.0 and later",
        "sm86, sm89",
        "1×1×10×32 … 1×1×10×100 … 8×1×10×100",
        "convolution: 1 int8",
    ):
        assert part in shown
