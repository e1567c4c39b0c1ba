"""Benchmarks in a process of their own.

In the process that has just trained, thread pools and memory of the training slow everything down, and small models
most: a student's 0.35 ms became 0.55 ms there, and its baseline's 8.5 ms became 9.3 ms. Idle threads of PyTorch sleep
instead of spinning, because they took the processor from the other candidates (at 2 threads a baseline in ONNX Runtime
ran in 8.5 ms instead of 4.6 ms); PyTorch's own rows at several threads are slower for it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from itertools import groupby
from typing import IO

from crnn_deploy.benchmark.config import BenchmarkConfig
from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.child_process import child_process
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.package_process import package_command
from crnn_deploy.pipeline.benchmark_messages import INTERRUPTED, Message, Step
from crnn_deploy.pipeline.benchmark_process import main
from crnn_deploy.progress import SILENT, Progress


def isolated_benchmark(config: BenchmarkConfig, progress: Progress = SILENT) -> Benchmark:
    """Benchmark in a new process, which ends with this one.

    Raises:
        CrnnDeployError: if it fails; the reason is on stderr.
    """
    command = package_command(main, json.dumps(config.model_dump(mode="json")))
    with child_process(command, {"OMP_WAIT_POLICY": "PASSIVE"}) as process:
        result = _result(process, progress)
    if process.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if result is None:
        raise CrnnDeployError("The benchmark failed.", "It ran in a process of its own; the reason is above.")
    return result


def _result(process: subprocess.Popen[str], progress: Progress) -> Benchmark | None:
    """Read messages until the process ends; None if there was no result among them."""
    assert process.stdout is not None  # it is a pipe
    messages = _Messages(process.stdout)
    for (description, total), steps in groupby(messages, key=lambda step: (step.description, step.total)):
        for _ in progress.track(steps, description, total):
            pass
    return messages.result


class _Messages:
    """Yields the finished steps; when all lines are read, `result` is there, unless the process failed."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self.result: Benchmark | None = None

    def __iter__(self) -> Iterator[Step]:
        for line in self._lines:
            message = Message.model_validate(json.loads(line))
            if message.step is not None:
                yield message.step
            else:
                self.result = message.result
