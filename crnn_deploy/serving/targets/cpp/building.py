"""Builds the C++ project of a package with CMake, against the ONNX Runtime that Python uses here."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnxruntime

from crnn_deploy.errors import InputError
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.serving.targets.checking import run

_RUNTIME = Path(onnxruntime.__file__).parent / "capi"
_PROBE = "cmake_minimum_required(VERSION 3.18)\nproject(probe LANGUAGES CXX)\n"


def check_tools() -> None:
    """Raise `InputError` unless C++ programs that use ONNX Runtime can be built here."""
    if not any(_RUNTIME.glob("libonnxruntime.*")):
        raise InputError(
            f"No C++ program can be linked with the ONNX Runtime in {_RUNTIME}.",
            "The reader is built once before it is written, and needs ONNX Runtime's shared library.",
            "Run it on Linux or macOS with the wheel of onnxruntime.",
        )
    if shutil.which("cmake") is None:
        raise InputError("CMake was not found.", "The reader is built once before it is written.", "pip install cmake")
    with scratch_folder() as scratch:
        (scratch / "CMakeLists.txt").write_text(_PROBE, encoding="utf-8")
        code, said = run(["cmake", "-S", str(scratch), "-B", str(scratch / "build")])
    if code:
        raise InputError(
            "CMake cannot build C++ programs here.",
            next((line for line in said.splitlines() if line.strip()), "It says nothing."),
            "Install a compiler for C++17, such as g++, and make.",
        )


def build_and_check(project: Path, build: Path) -> tuple[int, str]:
    """Build the project in another folder, and run its check: the exit code, and what was printed."""
    steps = (
        ["cmake", "-S", str(project), "-B", str(build), f"-DONNXRUNTIME_ROOT={_RUNTIME}"],
        ["cmake", "--build", str(build)],
        [str(build / "check")],
    )
    code, said = 0, ""
    for step in steps:
        code, said = run(step)
        if code:
            break
    return code, said
