"""Runs tests in a process of their own, with or without a mutant, until the first failure."""

from __future__ import annotations

import math
import multiprocessing
import os
import re
import runpy
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants.mutation import Mutation
from mutants.rooms import ROOT

_HOOK = Path(__file__).parent / "hook"
_HEAVY = (
    "numpy torch onnx.helper onnxruntime pydantic.networks pydantic.root_model PIL.ImageDraw PIL.ImageFont rapidfuzz "
    "safetensors.torch safetensors.numpy rich.console rich.progress typer yaml hypothesis.extra.numpy "
    "pytest _pytest.junitxml _pytest.debugging _pytest.faulthandler _pytest.doctest"
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """Of some tests: whether all passed in time, how long they took, and the first that failed."""

    passed: bool
    seconds: float
    failed: str = ""


class Trials:
    """Starts the processes of trials; each is a fork of one that has imported the large packages, but not ours.

    Importing PyTorch takes longer than most tests that then run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_HEAVY.split())

    def run(self, tests: Sequence[str], environment: Mapping[str, str], limit: float) -> Outcome:
        """Run `tests` with additional environment variables; what takes more than `limit` seconds is killed.

        A pause of all processes, as when a laptop sleeps, counts as one second.
        """
        log = self._folder / "log.txt"
        log.write_bytes(b"")
        begin = time.monotonic()
        process = self._context.Process(target=_run_tests, args=(tests, dict(environment), log))
        process.start()
        for _ in range(math.ceil(limit)):
            process.join(1)
            if process.exitcode is not None:
                break
        seconds = time.monotonic() - begin
        assert process.pid is not None
        if process.exitcode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            return Outcome(passed=False, seconds=seconds, failed="took too long")
        if process.exitcode == 0:
            return Outcome(passed=True, seconds=seconds)
        found = _FAILED.search(log.read_text(encoding="utf-8", errors="replace"))
        return Outcome(passed=False, seconds=seconds, failed=found[1] if found else f"exit code {process.exitcode}")

    def environment_of(self, mutation: Mutation) -> dict[str, str]:
        """The environment in which Python loads the mutant of a module instead of the module."""
        source = self._folder / "mutant.py"
        file = ROOT / mutation.path
        source.write_text(mutation.applied_to(file.read_text(encoding="utf-8")), encoding="utf-8")
        return {
            "PYTHONPATH": os.pathsep.join([str(_HOOK), os.environ.get("PYTHONPATH", "")]),
            "MUTANT_MODULE": mutation.path.removesuffix(".py").replace("/", "."),
            "MUTANT_FILE": str(file),
            "MUTANT_SOURCE": str(source),
        }


def _run_tests(tests: Sequence[str], environment: dict[str, str], log: Path) -> None:
    os.setsid()  # so that the processes which the tests start can be killed with it
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(ROOT)
    os.environ.update(environment, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")  # no test needs a plugin, and they load slowly
    if "MUTANT_MODULE" in environment:
        runpy.run_path(str(_HOOK / "sitecustomize.py"))

    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no"]
    temporary = log.with_name("pytest")
    os._exit(pytest.main([*options, f"--basetemp={temporary}", *tests]))
