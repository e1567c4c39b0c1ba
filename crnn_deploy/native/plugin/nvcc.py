"""Finds the CUDA compiler, and the GPUs that it supports."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.errors import InputError

NVCC_PACKAGES = "nvidia-cuda-nvcc nvidia-cuda-cccl"


@dataclass(frozen=True)
class Nvcc:
    """A CUDA compiler.

    Attributes:
        architectures: those for which it can generate machine code, such as `sm89`, oldest first.
    """

    path: Path
    version: str
    architectures: tuple[str, ...]

    @property
    def library_folder(self) -> Path | None:
        """Folder of CUDA's static runtime if it is `lib`, as in the pip packages. nvcc itself only searches `lib64`."""
        folder = self.path.parents[1] / "lib"
        return folder if (folder / "libcudart_static.a").is_file() else None


def find_nvcc() -> Nvcc:
    """The first nvcc in `$CUDA_HOME`, on the `PATH`, and in the pip packages of this Python.

    Raises:
        InputError: if there is none, or if it does not run.
    """
    path = next(_candidates(), None)
    if path is None:
        raise InputError(
            "nvcc, the CUDA compiler, is missing.",
            "It is neither in $CUDA_HOME, nor on the PATH, nor among the packages of this Python.",
            f"pip install {NVCC_PACKAGES}, or install the CUDA toolkit, 12.0 or newer.",
        )
    version = re.search(r"\bV(\d+\.\d+\.\d+)", _ask(path, "--version"))
    numbers = re.findall(r"\bcompute_(\d+)\b", _ask(path, "--list-gpu-arch"))
    if version is None or not numbers:
        raise InputError(f"{path} is not an nvcc that can be used.", fix="Install the CUDA toolkit, 12.0 or newer.")
    return Nvcc(path=path, version=version[1], architectures=tuple(f"sm{n}" for n in sorted(map(int, numbers))))


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("CUDA_HOME"):
        yield from _existing(Path(home) / "bin" / "nvcc")
    if on_path := shutil.which("nvcc"):
        yield Path(on_path)
    package = importlib.util.find_spec("nvidia")
    for folder in (package.submodule_search_locations or ()) if package else ():
        for toolkit in sorted(Path(folder).glob("cu*"), reverse=True):
            yield from _existing(toolkit / "bin" / "nvcc")


def _existing(path: Path) -> list[Path]:
    return [path] if os.access(path, os.X_OK) else []


def _ask(path: Path, question: str) -> str:
    try:
        return subprocess.run([path, question], capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{path} does not run.", str(error), "Reinstall CUDA, or correct $CUDA_HOME.") from None
