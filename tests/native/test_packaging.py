"""Building the library, and installing without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import crnn_deploy

SOURCES = Path(crnn_deploy.__file__).parent / "native"
CMAKE = shutil.which("cmake")
pytestmark = pytest.mark.skipif(CMAKE is None, reason="needs cmake")


@pytest.mark.parametrize("compiler", [None, "/nonexistent/c++"])
def test_without_a_compiler_there_is_a_warning_and_no_library(tmp_path, compiler):
    tools = tmp_path / "tools"  # the only folder on the PATH
    tools.mkdir()
    for name in ("make", "ninja", "uname"):
        if path := shutil.which(name):
            (tools / name).symlink_to(path)
    environment = {name: value for name, value in os.environ.items() if name not in ("CXX", "CC")}
    environment |= {"PATH": str(tools)} | ({"CXX": compiler} if compiler else {})

    def cmake(*arguments: str | Path) -> str:
        done = subprocess.run([CMAKE, *arguments], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    assert "No C++ compiler" in cmake("-S", SOURCES, "-B", tmp_path / "build")
    cmake("--build", tmp_path / "build")
    cmake("--install", tmp_path / "build", "--prefix", tmp_path / "installed")
    assert not list(tmp_path.glob("installed/**/*crnn_deploy_ops*"))
