"""What of a machine builds engines and runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import fake_tensorrt
import pytest
from fake_gpu import FakeCuda
from fake_tensorrt import FakeLibrary, profile

from crnn_deploy.engine import flavors as engine_flavors
from crnn_deploy.engine.config import EngineOptions
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.native.plugin import PLUGIN_VARIABLE, Nvcc
from crnn_deploy.pipeline import engine_tools
from crnn_deploy.pipeline.engine_tools import find_engine_tools, plugin_ingredients, why_not_run
from crnn_deploy.runtime.tensorrt.manifest import Gpu

PROFILES = (profile((32, 100), 8),)
NVCC = Nvcc(path=Path("nvcc"), version="13.0", architectures=("sm89",))


@pytest.fixture(autouse=True)
def _nothing_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin, no compiler, no TensorRT."""

    def no_nvcc() -> Nvcc:
        raise InputError("nvcc is missing.", fix="Install it.")

    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(PLUGIN_VARIABLE, raising=False)
    monkeypatch.setattr(engine_tools, "find_nvcc", no_nvcc)
    monkeypatch.setattr(engine_flavors, "MODULES", {"tensorrt": "no_tensorrt", "tensorrt-rtx": "no_tensorrt_rtx"})


def test_without_tensorrt_the_extras_are_named() -> None:
    with pytest.raises(InputError, match="Neither TensorRT nor TensorRT-RTX is installed") as caught:
        find_engine_tools(EngineOptions())
    assert "crnn-deploy[tensorrt-rtx]" in caught.value.fix


def test_without_plugin_and_compiler_the_loop_is_an_option() -> None:
    with pytest.raises(InputError, match="nvcc is missing") as caught:
        plugin_ingredients()
    assert caught.value.fix.startswith("Install it.")
    assert "engines.plugin=false" in caught.value.fix


def test_a_plugin_is_told_by_its_sources_or_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "library.so"
    library.write_text("code")
    with monkeypatch.context() as earlier:
        earlier.setattr(engine_tools, "plugin_library", lambda: library)
        assert plugin_ingredients() == {"library": sha256_of(library)}
    monkeypatch.setattr(engine_tools, "find_nvcc", lambda: NVCC)
    assert plugin_ingredients().keys() == {"sources", "nvcc"}
    monkeypatch.setenv(PLUGIN_VARIABLE, str(library))
    assert plugin_ingredients() == {"library": sha256_of(library)}
    monkeypatch.setenv(PLUGIN_VARIABLE, "")
    with pytest.raises(InputError, match="do without the plugin"):
        plugin_ingredients()


@pytest.fixture
def reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Gpu | None], str]:
    """Why a machine with this GPU does not run an engine for sm86 and sm89."""

    def ask(gpu: Gpu | None) -> str:
        fake_tensorrt.install(monkeypatch, FakeLibrary(FakeCuda(), PROFILES), gpu)
        monkeypatch.setattr(engine_tools, "find_gpu", lambda: gpu)
        return why_not_run(fake_tensorrt.engine(tmp_path, PROFILES))

    return ask


def test_an_engine_runs_on_the_gpus_that_it_is_for_only(reason: Callable[[Gpu | None], str]) -> None:
    assert reason(Gpu("NVIDIA RTX 4090", "sm89")) == ""
    assert reason(None) == "no NVIDIA GPU here"
    assert "was built for sm86, sm89, and this machine's NVIDIA T4 is sm75" in reason(Gpu("NVIDIA T4", "sm75"))


def test_a_gpu_that_no_package_reaches_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise InputError("pycuda is missing.")

    monkeypatch.setattr(engine_tools, "find_gpu", unreachable)
    assert why_not_run(fake_tensorrt.engine(tmp_path, PROFILES)) == "pycuda is missing."
