"""Benchmarks in a process of their own.

In the process that has just trained, thread pools and memory of the training slow everything down, and small models
most: a student's 0.35 ms became 0.55 ms there, and its baseline's 8.5 ms became 9.3 ms. Idle threads of PyTorch sleep
instead of spinning, because they took the processor from the other candidates (at 2 threads a baseline in ONNX Runtime
ran in 8.5 ms instead of 4.6 ms); PyTorch's own rows at several threads are slower for it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO

import crnn_deploy
from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.pipeline.benchmark_messages import INTERRUPTED, Message, Step
from crnn_deploy.progress import SILENT, Progress

# `python -m` would put the current folder on the path, where a user's numpy.py could be; -P does not exist before 3.11.
# The package is imported from the same folder as in this process.
_START = """
import sys
sys.path[:] = [folder for folder in sys.path if folder] + sys.argv[1:]
from crnn_deploy.pipeline.benchmark_process import main
main()
"""


def isolated_benchmark(config: BenchmarkConfig, progress: Progress = SILENT) -> Benchmark:
    """Benchmark in a new process, which ends with this one.

    Raises:
        CrnnDeployError: if it fails; the reason is on stderr.
    """
    command = [sys.executable, "-c", _START, str(Path(crnn_deploy.__file__).parents[1])]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    result = None
    with contextlib.suppress(BrokenPipeError), process:
        try:
            result = _result(process, config, progress)
        except BaseException:
            process.kill()
            raise
    if process.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if result is None:
        raise CrnnDeployError("The benchmark failed.", "It ran in a process of its own; the reason is above.")
    return result


def _result(process: subprocess.Popen[str], config: BenchmarkConfig, progress: Progress) -> Benchmark | None:
    """Send the config and read messages until the process ends; None if there was no result among them."""
    assert process.stdin is not None  # both are pipes
    assert process.stdout is not None
    process.stdin.write(f"{config.model_dump_json()}\n")
    process.stdin.flush()  # and stays open: its end tells the other process that this one has ended
    messages = _Messages(process.stdout)
    steps = iter(messages)
    if first := next(steps, None):
        for _ in progress.track(chain([first], steps), first.description, first.total):
            pass
    return messages.result


class _Messages:
    """Yields the finished steps; when all lines are read, `result` is there, unless the process failed."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self.result: Benchmark | None = None

    def __iter__(self) -> Iterator[Step]:
        for line in self._lines:
            message = Message.model_validate_json(line)
            if message.step is not None:
                yield message.step
            else:
                self.result = message.result
