"""Compiles the code that starts kernels with nvcc, because the emulator replaces this code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from native.tensorrt.emulated_gru import KERNELS

from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin import find_nvcc


@pytest.mark.parametrize(("architectures", "clusters"), [((75, 89), "false"), ((89, 90), "true"), ((120,), "true")])
def test_clusters_are_only_for_libraries_with_code_for_them(
    tmp_path: Path, architectures: tuple[int, ...], clusters: str
) -> None:
    """A library for older GPUs runs on newer ones by its PTX, in which the kernels with clusters are empty."""
    try:
        nvcc = find_nvcc()
    except InputError as error:
        pytest.skip(f"needs nvcc: {error.fix}")
    source = tmp_path / "asks.cu"
    source.write_text(
        f'#include "launch.cuh"\nstatic_assert(crnn_deploy::compiled_for_clusters() == {clusters});\n', encoding="utf-8"
    )
    targets = [f"-gencode=arch=compute_{number},code=sm_{number}" for number in architectures]
    command = [
        str(nvcc.path),
        "-std=c++17",
        f"-I{KERNELS}",
        "-c",
        str(source),
        "-o",
        str(tmp_path / "asks.o"),
        *targets,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
