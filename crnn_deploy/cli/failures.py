"""Errors of the command line: one block on stderr, and an exit code for scripts."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from crnn_deploy.cli.console import show_error
from crnn_deploy.errors import CrnnDeployError, InputError

INTERRUPTED = 130
BUG = 70  # EX_SOFTWARE of sysexits.h: neither a failed gate (1) nor wrong input (2)

# The class of all errors in the command line. Its place differs between versions of Typer, that of its child does not.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class Commands(TyperGroup):
    """The group of verbs, with our exit codes and error blocks."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        arguments = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(arguments, *rest, **{**extra, "standalone_mode": False})
            if code == INTERRUPTED:  # newer versions of Typer catch Ctrl-C and return this
                raise KeyboardInterrupt
        except (Exception, KeyboardInterrupt) as error:
            if "--debug" in arguments:
                Console(stderr=True).print_exception()
            code = _explain(error)
        sys.exit(code or 0)


def _explain(error: BaseException) -> int:
    """Print the error's block, and give the exit code."""
    if isinstance(error, CrnnDeployError):
        show_error(error)
        return error.exit_code
    if isinstance(error, _UsageError):
        show_error(_as_input_error(error))
        return InputError.exit_code
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        fix = "Repeat the command; train, distill and run continue where they stopped."
        show_error(CrnnDeployError("Interrupted.", fix=fix))
        return INTERRUPTED
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        show_error(InputError("No space left to write the results.", fix="Free some space, or write to another disk."))
        return InputError.exit_code
    show_error(
        CrnnDeployError(
            f"crnn-deploy failed: {type(error).__name__}: {error}",
            "This is a bug, or something that crnn-deploy should have explained better.",
            "Run the command again with --debug and report what it prints.",
        )
    )
    return BUG


def _as_input_error(complaint: Any) -> InputError:
    command = complaint.ctx.command_path if complaint.ctx else "crnn-deploy"
    return InputError(complaint.format_message(), fix=f"See {command} --help")
