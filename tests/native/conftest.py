from __future__ import annotations

import pytest
from native.levels import CONVOLUTION_LEVELS, LEVELS

from crnn_deploy.errors import InputError
from crnn_deploy.native import KERNELS_VARIABLE, kernel_level, ort_custom_ops_path


@pytest.fixture(scope="session")
def library() -> str:
    """Path of the custom-op library."""
    path = ort_custom_ops_path()
    if path is None:
        pytest.skip("the library is not built here")
    return str(path)


@pytest.fixture(params=LEVELS)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, library: str) -> str:
    """Each level of kernels that this processor has, selected during the test."""
    assert library
    if request.param == "amx-emulated" and _is_there("amx", monkeypatch):
        pytest.skip("this processor has what would be emulated, which takes minutes")
    if not _is_there(request.param, monkeypatch):
        pytest.skip(f"no {request.param} here")
    return request.param


@pytest.fixture(params=CONVOLUTION_LEVELS)
def convolution_level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, library: str) -> str:
    """Each level with kernels for convolutions that this processor has, selected during the test."""
    assert library
    if not _is_there(request.param, monkeypatch):
        pytest.skip(f"no {request.param} here")
    return str(request.param)


def _is_there(level: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Select a level; whether this processor has it."""
    monkeypatch.setenv(KERNELS_VARIABLE, level)
    try:
        kernel_level()
    except InputError:
        return False
    return True
