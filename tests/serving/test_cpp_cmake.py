"""A package for C++ is built in the projects of others: by CMake, and against ONNX Runtime's own header."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from cpp_project import CAPI, WARNINGS, needs_tools, run

from crnn_deploy.serving.package import Package

pytestmark = needs_tools
HEADERS = Path(sys.prefix) / "ort-headers"
PLACES = Path(__file__).parents[1] / "cpp" / "c_api_places.cc"


@pytest.mark.skipif(not HEADERS.is_dir(), reason="needs ONNX Runtime's header: run `make install` with npm")
def test_the_short_header_agrees_with_that_of_onnx_runtime(packaged_for_cpp: Package, tmp_path: Path) -> None:
    folder = Path(packaged_for_cpp.path)
    said = []
    for headers in (folder / "onnxruntime", HEADERS):
        done = run("c++", "-std=c++17", "-isystem", headers, PLACES, "-o", tmp_path / "places")
        assert done.returncode == 0, done.stderr.decode()
        said.append(run(tmp_path / "places").stdout.decode().splitlines())
    assert said[0] == said[1]
    functions = set(re.findall(r"ort\(\)\.(\w+)", (folder / "crnn_reader.cc").read_text(encoding="utf-8")))
    assert functions <= {row.split()[0] for row in said[0]}
    flags = ("-std=c++17", "-fsyntax-only", *WARNINGS, "-isystem", HEADERS, "-I", folder)
    done = run("c++", *flags, folder / "crnn_reader.cc")
    assert done.returncode == 0, done.stderr.decode()


def test_it_is_a_part_of_another_project(packaged_for_cpp: Package, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(other LANGUAGES CXX)\n"
        f"add_subdirectory({packaged_for_cpp.path} reader)\nadd_executable(other other.cc)\n"
        "target_link_libraries(other PRIVATE crnn_reader)\n",
        encoding="utf-8",
    )
    (tmp_path / "other.cc").write_text("int main() {}\n", encoding="utf-8")
    done = run("cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DONNXRUNTIME_ROOT={CAPI}")
    assert done.returncode == 0, done.stderr.decode()
    done = run("cmake", "--build", tmp_path / "build", "--target", "help")
    assert b"crnn_reader" in done.stdout
    assert b"check" not in done.stdout


def test_without_onnx_runtime_cmake_says_what_to_set(packaged_for_cpp: Package, tmp_path: Path) -> None:
    done = run("cmake", "-S", packaged_for_cpp.path, "-B", tmp_path / "build", f"-DONNXRUNTIME_ROOT={tmp_path}")
    if done.returncode == 0:
        pytest.skip("ONNX Runtime is installed on this system")
    assert b"set ONNXRUNTIME_ROOT" in done.stderr
