"""Benchmarks import the files beside them; so do their tests. The GPU's benchmarks run the plugin on a CPU here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from native.tensorrt.emulated_gru import KERNELS, compile_kernels, cuda_headers

if TYPE_CHECKING:
    from gru_library import Launcher

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path += [
    str(BENCHMARKS),
    *(
        str(BENCHMARKS / folder)
        for folder in ("gpu", "families", "articles", "clips", "http", "scale", "distillation", "plates")
    ),
]


@pytest.fixture(scope="session")
def emulated_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole plugin library, with kernels that run on the CPU."""
    folder = tmp_path_factory.mktemp("emulated")
    compile_kernels(folder)
    plugin = folder / "libplugin.so"
    sources = [str(KERNELS / name) for name in ("gru_plugin.cc", "gru_node.cc")]
    kernels = [str(folder / "libemulated_gru.so"), f"-Wl,-rpath,{folder}"]
    subprocess.run(
        ["c++", "-std=c++17", "-O1", "-fPIC", "-shared", f"-I{cuda_headers()}", *sources, *kernels, "-o", str(plugin)],
        check=True,
    )
    return plugin


@pytest.fixture(scope="session")
def launcher(emulated_plugin: Path) -> Launcher:
    from gru_library import Launcher

    return Launcher(emulated_plugin)
