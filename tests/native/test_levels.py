"""Every level of kernels computes the same as the portable one, on this processor and on an emulated ARM processor."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from native.sources import SOURCES

PROGRAM = Path(__file__).with_name("compare_levels.cc")
NO_SUCH_KERNELS = -6  # SIGABRT, by an exception that is not caught

pytestmark = pytest.mark.skipif(not shutil.which("cmake") or not shutil.which("c++"), reason="needs cmake and c++")


def build(folder: Path, *options: str) -> Path:
    configure = ["cmake", "-S", SOURCES, "-B", folder, f"-DCRNN_DEPLOY_CHECK={PROGRAM}", *options]
    for command in (configure, ["cmake", "--build", folder, "--target", "check", "--parallel", "2"]):
        subprocess.run(command, check=True, capture_output=True)
    return folder / "check"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("check"))


@pytest.mark.parametrize("level", ["avx2", "avxvnni", "avx512vnni", "amx", "neondot", "amx-emulated"])
def test_levels_agree(program: Path, level: str) -> None:
    done = subprocess.run([program], env={**os.environ, "CRNN_DEPLOY_KERNELS": level}, capture_output=True, text=True)
    if done.returncode == NO_SUCH_KERNELS and "no such kernels" in done.stderr:
        pytest.skip(f"no {level} here")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{level}: 0 wrong integers")


@pytest.mark.skipif(
    not shutil.which("aarch64-linux-gnu-g++") or not shutil.which("qemu-aarch64"),
    reason="needs a compiler and an emulator for ARM: aarch64-linux-gnu-g++ and qemu-aarch64",
)
def test_arm(tmp_path: Path) -> None:
    target = ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"]
    compiler = ["-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++", "-DCMAKE_EXE_LINKER_FLAGS=-static"]
    program = build(tmp_path, *target, *compiler)
    done = subprocess.run(["qemu-aarch64", "-cpu", "max", program], capture_output=True, text=True)
    assert done.stdout.startswith("neondot: 0 wrong integers"), done.stderr
    assert done.returncode == 0
    old = subprocess.run(["qemu-aarch64", "-cpu", "cortex-a53", program], capture_output=True, text=True)
    assert old.returncode == 3  # no dot products: ONNX Runtime's own layers are faster there
