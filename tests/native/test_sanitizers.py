"""The tests of the kernels, on a library with address and undefined-behaviour sanitizers.

`make sanitize` runs all of them; this test runs a part of them, in less than a minute.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from native.sources import SOURCES

from crnn_deploy.native import LIBRARY_VARIABLE

HERE = Path(__file__).parent
# The emulation of AMX takes minutes here, so few tests of it run.
PART = "not amx-emulated or (lengths and forward-GRU) or known_answers or each_window"
RUNTIMES = ("libasan.so", "libubsan.so")


def runtime_libraries() -> str:
    """The sanitizers, which must be loaded before Python."""
    paths = [
        subprocess.run(["c++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in RUNTIMES
    ]
    if not all(Path(path).is_file() for path in paths):
        pytest.skip("the compiler has no sanitizers")
    return " ".join(paths)


@pytest.mark.skipif(sys.platform != "linux", reason="sanitizers are loaded the way Linux does")
@pytest.mark.skipif(not shutil.which("cmake") or not shutil.which("c++"), reason="needs cmake and c++")
def test_kernels_are_clean(tmp_path: Path) -> None:
    preloaded = runtime_libraries()
    configure = ["cmake", "-S", SOURCES, "-B", tmp_path, "-DCRNN_DEPLOY_SANITIZE=ON"]
    for command in (configure, ["cmake", "--build", tmp_path, "--parallel", "2"]):
        subprocess.run(command, check=True, capture_output=True)
    (library,) = tmp_path.glob("*crnn_deploy_ops*")
    environment = {
        **os.environ,
        LIBRARY_VARIABLE: str(library),
        "LD_PRELOAD": preloaded,
        "ASAN_OPTIONS": "detect_leaks=0",  # Python and ONNX Runtime leak
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    files = (
        "test_kernels.py",
        "test_linear_ops.py",
        "test_convolution_ops.py",
        "test_pool_op.py",
        "test_malformed.py",
        "test_line_input.py",
        "test_ctc_beam.py",
    )
    selection = [*(HERE / name for name in files), "-k", PART]
    # -s, because a sanitizer ends the process at once and captured output would be lost.
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", *selection]
    done = subprocess.run(command, cwd=HERE.parents[1], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    assert "passed" in done.stdout
