"""Workers that are processes on this machine.

The pools of Python's library don't do: one of them waits for ever if a process is killed, and the other can't end its
processes before they have done what they do.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any, TypeVar

from crnn_deploy.errors import InputError
from crnn_deploy.workers.job import Job, Worker

T = TypeVar("T")
R = TypeVar("R")

Begin = Callable[[int], Callable[[Any], Any]]


class Process:
    """A process that does tasks, and ends with this one."""

    def __init__(self, context: SpawnContext, begin: Begin, threads: int) -> None:
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, begin, threads, Path.cwd()), daemon=True)
        self._process.start()
        theirs.close()
        self._begun = False

    def give(self, task: object) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended, and `take` says so
            self.pipe.send(task)

    def take(self) -> object:
        try:
            result = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            raise self._ended() from None
        self._begun = True
        return result

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def _ended(self) -> Exception:
        self._process.join()
        code = self._process.exitcode or 0
        if code < 0:
            memory = -code == signal.SIGKILL  # how Linux ends who takes too much
            return InputError(
                f"A worker was ended by {_name(-code)}.",
                f"{'There was not enough memory, it seems' if memory else 'It crashed'}, or somebody has ended it.",
                "Try fewer --workers.",
            )
        if self._begun:
            return InputError(
                f"A worker ended while it worked (exit code {code}).",
                "If it failed by itself, why stands above; or somebody has ended it.",
                "Try fewer --workers.",
            )
        return InputError(
            f"A worker could not begin (exit code {code}); why stands above.",
            "A program that starts workers must be importable.",
            'Put what it does below: if __name__ == "__main__":',
        )


class Processes:
    """A `Team` of processes."""

    def __init__(self, workers: Sequence[Process]) -> None:
        self.workers = workers

    def give(self, worker: Process, task: object) -> None:
        worker.give(task)

    def ready(self, busy: Sequence[Process]) -> Process:
        found = wait([worker.pipe for worker in busy])
        return next(worker for worker in busy if worker.pipe in found)

    def take(self, worker: Process) -> object:
        return worker.take()


@contextlib.contextmanager
def process_team(job: Job[T, R], workers: int, threads: int) -> Iterator[Processes]:
    """Processes for the tasks of a job; at the end of the block they are killed, whatever they do."""
    # not forked: ONNX Runtime and PyTorch have threads, which a fork would lose while they hold locks
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as ends:
        team = [Process(context, job.begin, threads) for _ in range(workers)]
        for worker in team:
            ends.callback(worker.end)
        yield Processes(team)


def _name(number: int) -> str:
    """Of a signal; those of real time have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _serve(pipe: Connection, begin: Begin, threads: int, folder: Path) -> None:
    """Do tasks until there are none; Ctrl-C is the business of the process that gives them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = Worker(begin, threads, folder)
    pipe.send(None)
    with contextlib.suppress(EOFError):
        while True:
            pipe.send(worker.outcome(pipe.recv()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
