"""Tiny models to build engines of, and what building them needs."""

from __future__ import annotations

import fcntl
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_crnn

from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.native.plugin import PLUGIN_VARIABLE, build_plugin, find_nvcc
from crnn_deploy.native.plugin.config import PluginConfig
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own for each test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(folder))
    return folder


@pytest.fixture
def rtx() -> str:
    if importlib.util.find_spec("tensorrt_rtx") is None:
        pytest.skip("needs TensorRT-RTX: pip install 'crnn-deploy[tensorrt-rtx]'")
    return "tensorrt-rtx"


@pytest.fixture
def uses_rtx(rtx: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds with TensorRT-RTX as on a machine without a GPU."""
    assert rtx
    monkeypatch.setattr("crnn_deploy.engine.flavors.find_gpu", lambda: None)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Exported models by name, and the images that one was quantized with."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as monkeypatch:
        tiny_crnn.register(monkeypatch)
        made = {"lines": tiny_crnn.image_folder(folder / "lines", 24)}
        specs = {"gru": tiny_crnn.tiny_spec(layers=2), "lstm": tiny_crnn.tiny_spec(rnn="lstm")}
        specs |= {"classifier": tiny_crnn.tiny_spec("classify", width=40)}
        for name, spec in specs.items():
            parent = tiny_crnn.tiny_artifact(folder, spec)
            made[name] = export(ExportConfig(model=parent.path, output=folder / f"{name}.onnx")).path
        config = QuantizeConfig(
            model=made["gru"], data=str(made["lines"]), output=folder / "int8.onnx", target="tensorrt", max_error_rise=1
        )
        made["int8"] = quantize(config).artifact.path
        yield made


@pytest.fixture
def plugin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real plugin library, compiled for one architecture; it lies in pytest's cache, which all workers share."""
    try:
        find_nvcc()
    except InputError as error:
        pytest.skip(f"needs nvcc: {error.fix}")
    assert request.config.cache is not None
    folder = request.config.cache.mkdir("plugin")
    with pytest.MonkeyPatch.context() as own, (folder / "lock").open("w") as lock:
        own.setenv("CRNN_DEPLOY_CACHE", str(folder))
        fcntl.flock(lock, fcntl.LOCK_EX)
        library = build_plugin(PluginConfig(architectures=("sm89",))).path
    monkeypatch.setenv(PLUGIN_VARIABLE, str(library))
    return library
