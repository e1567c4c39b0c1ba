"""What workers in tests do; it is here because a new process must be able to import it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from crnn_deploy.errors import GateError, InputError


def squares(threads: int) -> Callable[[int], tuple[int, int, str]]:
    """The square of a number, the threads, and the current folder; that of 2 takes a while."""

    def do(number: int) -> tuple[int, int, str]:
        time.sleep(0.5 * (number == 2))
        return number * number, threads, os.getcwd()  # noqa: PTH109

    return do


def failing(_: int) -> Callable[[str], str]:
    """What a name says: a failure of that kind."""

    def do(how: str) -> str:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "ended":
            os._exit(3)
        if how == "gate":
            raise GateError("not good enough", "cause", "fix")
        if how == "crashed":
            os.kill(os.getpid(), signal.SIGSEGV)
        if how == "strange":
            raise StrangeError(1, 2)
        if how == "bug":
            raise ZeroDivisionError("bug")
        return how

    return do


class StrangeError(Exception):
    """Can be pickled, but not be made again from it."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def unable(_: int) -> Callable[[int], int]:
    """Can't begin."""
    raise InputError("no model")
