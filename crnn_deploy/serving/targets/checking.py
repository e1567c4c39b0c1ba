"""Runs the check of a package as who gets its folder does it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from crnn_deploy.child_process import child_process
from crnn_deploy.errors import InputError
from crnn_deploy.import_path import import_path

VERIFY = "verify.py"

# A package must read where there is nothing but its requirements: these modules cannot be imported in the check.
_ABSENT = ("crnn_deploy", "onnx")
_START = """
import sys
sys.path[:] = {path!r}
sys.modules.update(dict.fromkeys({absent!r}))
from runpy import run_path
run_path({script!r}, run_name="__main__")
"""


def require_program(module: str, name: str, extra: str) -> None:
    """Raise `InputError` unless the program that runs the check is installed; a folder of that name is no program."""
    found = find_spec(module)
    if found is None or found.origin is None:
        raise InputError(f"{name} is not installed.", fix=f"pip install 'crnn-deploy[{extra}]'")


def run_check(folder: Path, absent: Sequence[str] = ()) -> tuple[int, str]:
    """Run `verify.py` in a process that cannot import crnn-deploy, and imports nothing from other folders.

    Args:
        absent: other modules that the package does without.

    Returns:
        The exit code, and what was printed.
    """
    script = str(folder / VERIFY)
    start = _START.format(path=[str(folder), *import_path()], absent=(*_ABSENT, *absent), script=script)
    return run([sys.executable, "-I", "-B", "-c", start])


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run a command: the exit code, and what it printed."""
    with child_process(command, {}, errors_to_stdout=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    return process.returncode, said
