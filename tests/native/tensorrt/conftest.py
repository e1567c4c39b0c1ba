"""Fixtures: the plugin's library, compiled once for all tests until its sources change, and a replacement of nvcc."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plugin_host.host import PluginHost

from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import BuiltPlugin, build_plugin, find_nvcc
from crnn_deploy.native.plugin.config import PluginConfig

# Replaces nvcc: supports two architectures, and writes its arguments to the output instead of a library.
FAKE_NVCC = """#!/bin/sh
case "$1" in
--version) echo "Cuda compilation tools, release 12.9, V12.9.86" ;;
--list-gpu-arch) printf 'compute_89\\ncompute_90\\n' ;;
*)
    output=
    for argument; do
        [ "$previous" = -o ] && output=$argument
        previous=$argument
    done
    echo "$@" > "$output"
    BODY
    ;;
esac
"""
PTXAS = r"""
    for sm in 90 89; do
        echo "ptxas info    : Compiling entry function '_ZN11crnn_deploy3gruI6__halfLi4EEEvi' for 'sm_$sm'"
        echo "ptxas info    : Function properties for _ZN11crnn_deploy3gruI6__halfLi4EEEvi"
        echo "    0 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads"
        echo "ptxas info    : Used $sm registers, used 1 barriers, 128 bytes smem, 400 bytes cmem[0]"
    done
"""


@pytest.fixture(scope="session")
def plugin(request: pytest.FixtureRequest) -> BuiltPlugin:
    """The real library for all architectures. It is in pytest's cache, which all workers share."""
    try:
        find_nvcc()
    except InputError as error:
        pytest.skip(f"needs nvcc: {error.fix}")
    with shared_cache(request):
        return build_plugin(PluginConfig())


@pytest.fixture(scope="session")
def host(request: pytest.FixtureRequest, plugin: BuiltPlugin) -> PluginHost:
    """The library's creator."""
    with shared_cache(request):
        return PluginHost(plugin.path)


@contextlib.contextmanager
def shared_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    folder = request.config.cache.mkdir("plugin")
    with pytest.MonkeyPatch.context() as monkeypatch, (folder / "lock").open("w") as lock:
        monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(folder))
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(folder))
    return folder


@pytest.fixture
def fake_nvcc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Installs the replacement of nvcc in `$CUDA_HOME`. `body` has the shell commands that it runs at the end."""

    def install(body: str = PTXAS) -> Path:
        path = tmp_path / "cuda" / "bin" / "nvcc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FAKE_NVCC.replace("BODY", body))
        path.chmod(0o755)
        monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
        return path

    return install
