"""Errors with three parts: what is wrong, the likely cause, and what to do.

Every error that a user can cause is an `InputError` or a `GateError`. The command line prints it and ends with its exit
code; users of the library catch `CrnnDeployError`.
"""

from __future__ import annotations

import errno

# How those say it that raise no MemoryError: PyTorch, ONNX Runtime, C++, the loader of shared libraries, threads.
_NO_MEMORY = (
    *("can't allocate memory", "Cannot allocate memory", "not enough memory", "Failed to allocate memory", "bad_alloc"),
    *("out of memory", "bad allocation", "failed to map segment from shared object", "can't start new thread"),
)


class CrnnDeployError(Exception):
    """An error in three short parts.

    Args:
        what: what is wrong, naming the file, key or value.
        cause: the likely cause; empty if `what` is enough.
        fix: what the user can do now.
    """

    exit_code = 2

    def __init__(self, what: str, cause: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.fix = fix

    def with_fix(self, advice: str) -> CrnnDeployError:
        """This error with one more line of advice; its class and all that it holds stay."""
        self.fix = f"{self.fix}\n{advice}".lstrip()
        return self

    @property
    def sentences(self) -> str:
        """The three parts on one line, for reports."""
        return " ".join(str(self).split("\n"))

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.cause, self.fix) if part)


class InputError(CrnnDeployError):
    """The user's input cannot be used: a file, an option, a recipe or a data set."""

    exit_code = 2


class GateError(CrnnDeployError):
    """A stage failed its check: accuracy, speed or parity is outside its limit."""

    exit_code = 1


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of any library says that there is not enough memory: no input is wrong then."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return any(words in str(error) for words in _NO_MEMORY)  # the classes of the libraries have nothing in common
