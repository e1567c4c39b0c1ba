"""Which plugin library is found."""

from __future__ import annotations

import os

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import PLUGIN_VARIABLE, build_plugin, plugin_library
from crnn_deploy.native.plugin.config import PluginConfig


@pytest.mark.usefixtures("cache")
def test_a_library_that_is_named(monkeypatch, tmp_path, fake_nvcc):
    fake_nvcc()
    build_plugin(PluginConfig())
    mine = tmp_path / "mine.so"
    monkeypatch.setenv(PLUGIN_VARIABLE, str(mine))
    with pytest.raises(InputError, match="no such file"):
        plugin_library()
    mine.touch()
    assert plugin_library() == mine
    monkeypatch.setenv(PLUGIN_VARIABLE, "")
    assert plugin_library() is None


def test_the_newest_is_taken(cache, fake_nvcc):
    fake_nvcc()
    first = build_plugin(PluginConfig(architectures=("sm89",)))
    second = build_plugin(PluginConfig(architectures=("sm90",)))
    os.utime(first.path.with_name("plugin.json"), (1, 1))
    assert plugin_library() == second.path
    os.utime(second.path.with_name("plugin.json"), (0, 0))
    assert plugin_library() == first.path
    assert len(list(cache.rglob("*.so"))) == 2


@pytest.mark.usefixtures("cache")
def test_one_for_other_gpus_is_passed_over(fake_nvcc):
    fake_nvcc()
    build_plugin(PluginConfig(architectures=("sm89",)))
    newest = build_plugin(PluginConfig(architectures=("sm90",)))
    both = build_plugin(PluginConfig(architectures=("sm89", "sm90")))
    os.utime(both.path.with_name("plugin.json"), (0, 0))
    os.utime(newest.path.with_name("plugin.json"))
    assert plugin_library(("sm90",)) == newest.path
    assert plugin_library(("sm89", "sm90")) == both.path
    assert plugin_library(("sm120",)) is None
