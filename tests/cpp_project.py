"""A package for C++ that is built with sanitizers, and parts of it that run alone with any spec."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.serving.layout import write_model
from crnn_deploy.serving.targets.cpp.model_spec import model_spec_header
from crnn_deploy.serving.targets.cpp.target import CppTarget
from crnn_deploy.spec import ModelSpec

CAPI = Path(onnxruntime.__file__).parent / "capi"
PARTS = Path(__file__).parent / "cpp" / "cpp_parts.cc"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
WARNINGS = ("-Wall", "-Wextra", "-Werror")
# Leaks of ONNX Runtime itself are not of interest.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}

needs_tools = pytest.mark.skipif(
    sys.platform == "win32" or not all(map(shutil.which, ("cmake", "c++"))), reason="needs CMake and a C++ compiler"
)


def run(*command: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, with these bytes in stdin."""
    return subprocess.run(list(map(str, command)), input=given, capture_output=True, env=ENVIRONMENT, check=False)


@dataclass(frozen=True)
class Project:
    """The folder of a package, and the folder in which it is built."""

    folder: Path
    build: Path

    def configure(self) -> None:
        flags = f"-DCMAKE_CXX_FLAGS={' '.join((*SANITIZERS, *WARNINGS))}"
        options = (f"-DONNXRUNTIME_ROOT={CAPI}", "-DCMAKE_BUILD_TYPE=Plain", flags)
        done = run("cmake", "-S", self.folder, "-B", self.build, *options)
        assert done.returncode == 0, done.stderr.decode()

    def make(self) -> None:
        done = run("cmake", "--build", self.build)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()

    def check(self) -> tuple[int, str]:
        """What the check of the package says."""
        done = run("ctest", "--test-dir", self.build, "--verbose")
        return done.returncode, done.stdout.decode()

    def take(self, artifact: Artifact) -> None:
        """Another model in the same folder, whose examples are still those of the first one."""
        write_model(artifact, self.folder)
        CppTarget().write(self.folder, artifact)
        self.make()

    def read(self, *images: object) -> tuple[int, list[list[str]], str]:
        """Exit code, the table, and what is said of images that cannot be read."""
        done = run(self.build / "read", "--threads", "1", *images)
        assert b"Sanitizer" not in done.stderr, done.stderr.decode()
        assert b"runtime error" not in done.stderr, done.stderr.decode()
        rows = [row.split("\t") for row in done.stdout.decode().splitlines()]
        return done.returncode, rows, done.stderr.decode()


class Parts:
    """What makes the network's input and decodes its output, compiled for many specs at once."""

    def __init__(self, project: Project, build: Path, specs: Sequence[ModelSpec]) -> None:
        self._program = build / "parts"
        self._specs = list(specs)
        network = SimpleNamespace(input_names=["images"], batch=None)
        headers = [model_spec_header(spec, network, "logits") for spec in specs]  # type: ignore[arg-type]
        listed = ", ".join(f"spec_{number}::model_spec()" for number in range(len(headers)))
        text = "".join(f"namespace spec_{number} {{\n{header}}}\n" for number, header in enumerate(headers))
        includes = '#include <vector>\n#include "language.h"\n#include "spec.h"\n'
        text = f"{includes}{text}inline std::vector<crnn::Spec> specs() {{\n"
        text += f"  return {{{listed}}};\n}}\n"
        (build / "specs.h").write_text(text, encoding="utf-8")
        sources = (PARTS, project.folder / "image_file.cc", project.build / "libcrnn_reader.a")
        flags = ("-std=c++17", *SANITIZERS, "-I", project.folder, "-I", build)
        done = run("c++", *flags, *sources, "-o", self._program)
        assert done.returncode == 0, done.stderr.decode()

    def inputs(self, spec: ModelSpec, images: Sequence[Path]) -> list[NDArray[np.float32]]:
        """The network's input `[C, H, W]` for each image."""
        done = run(self._program, "input", self._specs.index(spec), *images)
        assert done.returncode == 0, done.stderr.decode()
        seen, at, found = spec.preprocessing, 0, []
        for _ in images:
            shape = (seen.channel_count, seen.height, int(np.frombuffer(done.stdout, np.int32, 1, at)[0]))
            found.append(np.frombuffer(done.stdout, np.float32, int(np.prod(shape)), at + 4).reshape(shape))
            at += 4 + found[-1].nbytes
        assert at == len(done.stdout)
        return found

    def decode(self, spec: ModelSpec, frames: NDArray[np.float32]) -> tuple[str, float]:
        """Text and confidence of frames `[T, K]`."""
        done = run(self._program, "decode", self._specs.index(spec), len(frames), given=frames.tobytes())
        assert done.returncode == 0, done.stderr.decode()
        text = done.stdout[4:].decode("utf-8")
        return text, float(np.frombuffer(done.stdout, np.float32, 1)[0])
