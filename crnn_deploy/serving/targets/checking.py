"""Runs the check of a package as who gets its folder does it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
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
{act}
"""


@dataclass(frozen=True)
class Program:
    """A program that reads with packages of a target.

    Attributes:
        module: that it is imported by.
        name: in messages.
        extra: of crnn-deploy that brings it.
        absent: other modules that it does without.
    """

    module: str
    name: str
    extra: str
    absent: tuple[str, ...] = ()

    def require(self) -> None:
        """Raise `InputError` unless it is installed; a folder of that name is no program."""
        found = find_spec(self.module)
        if found is None or found.origin is None:
            raise InputError(f"{self.name} is not installed.", fix=f"pip install 'crnn-deploy[{self.extra}]'")

    def check(self, folder: Path) -> tuple[int, str]:
        """As `run_check`.

        Raises:
            InputError: if the check fails because the program cannot be imported here.
        """
        code, said = run_check(folder, self.absent)
        if code:
            self._require_import()
        return code, said

    def _require_import(self) -> None:
        code, said = _run_alone(import_path(), self.absent, f"import {self.module}")
        if code:
            raise InputError(
                f"{self.name} is installed, and cannot be imported.",
                said.strip().rpartition("\n")[2],
                f"Repair it, or what it needs: python -c 'import {self.module}' shows all of the error.",
            )


def run_check(folder: Path, absent: Sequence[str] = ()) -> tuple[int, str]:
    """Run `verify.py` in a process that cannot import crnn-deploy, and imports nothing from other folders.

    Args:
        absent: other modules that the package does without.

    Returns:
        The exit code, and what was printed.
    """
    act = f'from runpy import run_path; run_path({str(folder / VERIFY)!r}, run_name="__main__")'
    return _run_alone([str(folder), *import_path()], absent, act)


def _run_alone(path: Sequence[str], absent: Sequence[str], act: str) -> tuple[int, str]:
    start = _START.format(path=list(path), absent=(*_ABSENT, *absent), act=act)
    return run([sys.executable, "-I", "-B", "-c", start])


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run a command: the exit code, and what it printed."""
    with child_process(command, {}, errors_to_stdout=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
    return process.returncode, said
