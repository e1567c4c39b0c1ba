"""A job: tasks of one kind, and what does them."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from crnn_deploy.errors import InputError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Job(Generic[T, R]):
    """Tasks that workers share. All of it must be picklable, and so must the results.

    Attributes:
        begin: is called once in each worker with its number of threads, and returns what does one task.
        threads: of each worker; None: the cores are divided among them.
        ordered: whether the results come in the order of the tasks, and not as they are ready.
    """

    begin: Callable[[int], Callable[[T], R]]
    tasks: Sequence[T]
    threads: int | None = None
    ordered: bool = False


def shares(cores: int, tasks: int, workers: int | None, threads: int | None) -> tuple[int, int]:
    """How many workers there are, and the threads of each: together no more than the cores, where that is left open."""
    wanted = min(workers or max(1, cores // (threads or 1)), tasks)
    return wanted, threads or max(1, cores // wanted)


class Worker(Generic[T, R]):
    """Does tasks in a process of its own, in the folder of the process that gives them: relative paths mean the same.

    Args:
        folder: which must be on this machine, too.
    """

    def __init__(self, begin: Callable[[int], Callable[[T], R]], threads: int, folder: Path) -> None:
        self._begin = begin
        self._threads = threads
        self._folder = folder
        self._do: Callable[[T], R] | None = None

    def begun(self) -> None:
        """Nothing; on a cluster it is given once there are cores for this worker."""

    def outcome(self, task: T) -> R | Exception:
        """The result of a task, or the error in its place, which says where it was raised."""
        try:
            if self._do is None:
                self._enter_folder()
                self._do = self._begin(self._threads)
            return self._do(task)
        except Exception as error:
            error.__dict__["__notes__"] = [traceback.format_exc()]  # Python 3.11 and newer shows it
            return error if _travels(error) else RuntimeError(traceback.format_exc())

    def _enter_folder(self) -> None:
        try:
            os.chdir(self._folder)
        except OSError as error:
            raise InputError(
                f"A worker cannot enter the folder {self._folder}: {error.strerror}.",
                "It is on another machine, which does not have this folder.",
                "Work in a folder that all machines of the cluster share.",
            ) from None


def _travels(error: Exception) -> bool:
    """Whether an error comes out of a pickle as it went in; those of other packages may not."""
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)
    except Exception:
        return False
