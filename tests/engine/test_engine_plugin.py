"""Real engines of tiny models with GRU layers in our plugin."""

from __future__ import annotations

import dataclasses
import importlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from engine.rtx_engines import Models, build, counts

from crnn_deploy.engine import build_engine as engine_module
from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VARIABLE
from crnn_deploy.native.plugin.config import PluginConfig

pytestmark = pytest.mark.usefixtures("uses_rtx")


@pytest.mark.parametrize(("name", "precision"), [("gru", "fp32"), ("gru", "fp16"), ("int8", "int8")])
def test_the_plugin_is_one_layer_for_each_gru_layer_and_embedded(
    tmp_path: Path, models: Models, plugin: Path, name: str, precision: str
) -> None:
    made = build(tmp_path, models[name], precision=precision, plugin=True)
    assert counts(made)["plugin", "fp32" if precision == "fp32" else "fp16"] == 2
    assert [layer.home for layer in made.record.recurrent] == ["plugin", "plugin"]
    assert made.record.manifest.plugin is not None
    assert made.record.manifest.plugin.embedded
    assert made.record.manifest.plugin.library_sha256 == sha256(plugin.read_bytes()).hexdigest()
    assert made.record.engine_bytes > made.record.plugin_bytes == plugin.stat().st_size


def test_the_plugin_may_stay_outside(tmp_path: Path, models: Models, plugin: Path) -> None:
    inside = build(tmp_path / "inside", models["gru"], plugin=True)
    beside = build(tmp_path / "beside", models["gru"], plugin=True, embed_plugin=False)
    assert beside.record.manifest.plugin is not None
    assert not beside.record.manifest.plugin.embedded
    assert inside.record.engine_bytes - beside.record.engine_bytes > 0.9 * plugin.stat().st_size


def test_a_library_that_tensorrt_leaves_out_is_not_called_embedded(
    tmp_path: Path, models: Models, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine_module.build_plan

    def without(*arguments: Any) -> Any:
        built = real(*arguments)
        return dataclasses.replace(built, plan=built.plan.replace(plugin.read_bytes(), b""))

    monkeypatch.setattr(engine_module, "build_plan", without)
    made = build(tmp_path, models["gru"], plugin=True)
    assert made.record.manifest.plugin is not None
    assert not made.record.manifest.plugin.embedded
    assert made.record.plugin_bytes == 0


@pytest.mark.parametrize("everywhere", [False, True])
def test_the_plugin_is_compiled_for_all_gpus_that_the_engine_is_for(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch, everywhere: bool
) -> None:
    asked: list[tuple[str, ...]] = []

    def compiled(config: PluginConfig, _: object) -> Any:
        asked.append(config.architectures)
        raise InputError("That is enough.")

    monkeypatch.delenv(PLUGIN_VARIABLE, raising=False)
    monkeypatch.setattr(engine_module, "build_plugin", compiled)
    with pytest.raises(InputError, match="no plugin library"):
        build(tmp_path, models["gru"], plugin=True, hardware_compatible=everywhere)
    assert asked == [() if everywhere else ("sm89",)]


def test_without_a_plugin_library_the_loop_is_proposed(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PLUGIN_VARIABLE, "")
    with pytest.raises(InputError, match="no plugin library") as caught:
        build(tmp_path, models["gru"], plugin=True)
    assert "--no-plugin" in caught.value.fix


def test_without_nvcc_a_library_compiled_earlier_serves(
    tmp_path: Path, models: Models, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_compiler(*_: object) -> None:
        raise InputError("nvcc is missing.")

    monkeypatch.delenv(PLUGIN_VARIABLE)
    monkeypatch.setattr(engine_module, "build_plugin", no_compiler)
    with pytest.raises(InputError, match="no plugin library") as caught:
        build(tmp_path, models["gru"], plugin=True)
    assert caught.value.cause == "nvcc is missing."
    monkeypatch.setattr(engine_module, "plugin_library", lambda _: plugin)
    assert build(tmp_path, models["gru"], plugin=True).record.plugin_bytes == plugin.stat().st_size


def test_builds_of_one_process_have_their_own_library(tmp_path: Path, models: Models, plugin: Path) -> None:
    registry = importlib.import_module("tensorrt_rtx").get_plugin_registry()
    for name in ("a", "b"):
        assert build(tmp_path / name, models["gru"], plugin=True).record.plugin_bytes == plugin.stat().st_size
        assert all(creator.name != PLUGIN_NAME for creator in registry.all_creators)


def test_a_broken_plugin_library_is_told(tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"nothing")
    monkeypatch.setenv(PLUGIN_VARIABLE, str(broken))
    with pytest.raises(InputError, match=r"broken\.so does not load here"):
        build(tmp_path, models["gru"], plugin=True)
