"""What went wrong, why it probably did, and what to do about it.

Every error that a user can cause is one of these two classes. The command line prints it as one block and ends with
its exit code; a library user catches `CrnnDeployError`.
"""

from __future__ import annotations


class CrnnDeployError(Exception):
    """An error that explains itself in three short parts.

    Args:
        what: what is wrong, naming the file, key or value.
        cause: the likely cause, or an empty string where `what` says it all.
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

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.cause, self.fix) if part)


class InputError(CrnnDeployError):
    """The user's input cannot be used: a file, an option, a recipe or a data set."""

    exit_code = 2


class GateError(CrnnDeployError):
    """A stage did not prove itself: accuracy, speed or parity missed its bound."""

    exit_code = 1
