"""Finding the CUDA compiler."""

from __future__ import annotations

import sys

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin.nvcc import find_nvcc


@pytest.fixture
def no_nvcc(tmp_path, monkeypatch):
    """A machine without CUDA, whose Python nevertheless has a package `nvidia`."""
    (tmp_path / "site" / "nvidia").mkdir(parents=True)
    monkeypatch.delenv("CUDA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    monkeypatch.delitem(sys.modules, "nvidia", raising=False)
    return tmp_path


def test_without_nvcc_the_error_says_what_to_install(no_nvcc):
    assert no_nvcc.is_dir()
    with pytest.raises(InputError, match="nvcc") as raised:
        find_nvcc()
    assert "pip install nvidia-cuda-nvcc nvidia-cuda-cccl" in raised.value.fix
    assert "CUDA toolkit" in raised.value.fix


@pytest.mark.usefixtures("no_nvcc")
def test_cuda_home(fake_nvcc):
    path = fake_nvcc()
    nvcc = find_nvcc()
    assert (nvcc.path, nvcc.version, nvcc.architectures) == (path, "12.9.86", ("sm89", "sm90"))
    assert nvcc.library_folder is None


def test_path_comes_after_cuda_home(no_nvcc, fake_nvcc, monkeypatch):
    (no_nvcc / "nvcc").write_text(fake_nvcc().read_text().replace("12.9.86", "13.0.1"))
    (no_nvcc / "nvcc").chmod(0o755)
    assert find_nvcc().version == "12.9.86"
    monkeypatch.setenv("CUDA_HOME", str(no_nvcc / "nowhere"))
    assert find_nvcc().version == "13.0.1"


@pytest.mark.parametrize("folder", ["cu13", "cu14"])
def test_pip_packages(no_nvcc, fake_nvcc, monkeypatch, folder):
    toolkit = no_nvcc / "site" / "nvidia" / folder
    (toolkit / "bin").mkdir(parents=True)
    (toolkit / "lib").mkdir()
    (toolkit / "lib" / "libcudart_static.a").touch()
    fake_nvcc().rename(toolkit / "bin" / "nvcc")
    monkeypatch.delenv("CUDA_HOME")
    nvcc = find_nvcc()
    assert nvcc.path == toolkit / "bin" / "nvcc"
    assert nvcc.library_folder == toolkit / "lib"


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho what\n", "not a program"])
@pytest.mark.usefixtures("no_nvcc")
def test_something_else_of_that_name(fake_nvcc, script):
    fake_nvcc().write_text(script)
    with pytest.raises(InputError, match="nvcc"):
        find_nvcc()
