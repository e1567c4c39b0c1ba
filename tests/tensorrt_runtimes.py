"""The real libraries of TensorRT, each asked in a process of its own: two versions can't share one."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# `make install` puts lean runtimes of two versions there: they can't live in one environment.
_LEAN = Path(sys.prefix) / "lean"
RUNTIMES = {
    "TensorRT": ("tensorrt", None),
    "TensorRT-RTX": ("tensorrt_rtx", None),
    "lean TensorRT 10": ("tensorrt_lean_bindings", _LEAN / "10"),
    "lean TensorRT 11": ("tensorrt_lean_bindings", _LEAN / "11"),
}


def asked(runtime: str, script: str, *arguments: str) -> Any:
    """The JSON that a script prints, which gets the name of the module and `arguments`. Skips where it is missing."""
    module, folder = RUNTIMES[runtime]
    if not (folder / module).is_dir() if folder else importlib.util.find_spec(module) is None:
        pytest.skip(f"{runtime} is not installed here ({folder or module})")
    search = {"PYTHONPATH": str(folder)} if folder else {}
    command = [sys.executable, "-c", script, module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **search})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if folder:
        assert found["version"].split(".")[0] == folder.name
    return found
