"""What the process of a benchmark writes on its stdout: one message in each line."""

from __future__ import annotations

from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.config import Frozen

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of the command line."""


class Step(Frozen):
    """One step of a loop is finished."""

    description: str
    total: int


class Message(Frozen):
    """A finished step, or the result."""

    step: Step | None = None
    result: Benchmark | None = None
