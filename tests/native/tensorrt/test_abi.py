"""Our declarations of TensorRT's plugin interfaces are binary-compatible with NVIDIA's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from crnn_deploy.native.plugin.sources import SOURCES

HERE = Path(__file__).parent
CUDA = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")) / "include"
# Where a TensorRT SDK installs its headers.
SDKS = [Path(root) / "include" for root in (os.environ.get("TENSORRT_ROOT"), "/usr/local/tensorrt", "/usr") if root]
pytestmark = pytest.mark.skipif(not shutil.which("c++"), reason="needs a C++ compiler")


def facts(folder: Path, *options: object) -> str:
    """Sizes, offsets and positions of virtual functions, as compiled."""
    program = folder / "facts"
    command = ["c++", "-std=c++17", "-Wall", *map(str, options), str(HERE / "abi_facts.cc"), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def test_ours_are_as_in_all_versions_from_10_to_11(tmp_path):
    # abi_facts.txt was printed with the headers of 10.0.1, 10.3, 10.9, 10.16, 11.0 and 11.1: they all agree.
    ours = (SOURCES / "plugin_abi.h").read_text(encoding="utf-8")
    (tmp_path / "plugin_abi.h").write_text(ours.replace("__has_include(<NvInferRuntime.h>)", "0"))
    assert facts(tmp_path, "-I", tmp_path) == (HERE / "abi_facts.txt").read_text(encoding="utf-8")


def test_those_of_an_sdk_are_the_same(tmp_path):
    sdk = next((path for path in SDKS if (path / "NvInferRuntime.h").is_file()), None)
    if sdk is None or not (CUDA / "cuda_runtime_api.h").is_file():
        pytest.skip("needs the headers of a TensorRT SDK ($TENSORRT_ROOT) and of CUDA ($CUDA_HOME)")
    printed = facts(tmp_path, "-I", SOURCES, "-isystem", sdk, "-isystem", CUDA)
    assert printed == (HERE / "abi_facts.txt").read_text(encoding="utf-8")
