"""Errors of the command line: one block on stderr, and an exit code for scripts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from crnn_deploy.cli.console import show_error
from crnn_deploy.cli.streams import INTERRUPTED, OUTPUT_CLOSED, discard, finish
from crnn_deploy.cli.system_errors import refused_by_system
from crnn_deploy.errors import CrnnDeployError, InputError

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
            finish()
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            if isinstance(error, SystemExit) and not _output_closed(error):
                raise
            code = _explained(error, debug="--debug" in arguments)
        discard()
        sys.exit(code or 0)


def _explained(error: BaseException, debug: bool) -> int:
    """Print the error's block, if stderr still takes it, and give the exit code."""
    if _output_closed(error):
        return OUTPUT_CLOSED
    code, block = _block(error)
    with contextlib.suppress(OSError):
        if debug:
            Console(stderr=True).print_exception()
        show_error(block)
    return code


def _block(error: BaseException) -> tuple[int, CrnnDeployError]:
    """The exit code and what is told."""
    if isinstance(error, CrnnDeployError):
        return error.exit_code, error
    if isinstance(error, _UsageError):
        return InputError.exit_code, _as_input_error(error)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        fix = "Repeat the command; train, distill, label and run continue where they stopped."
        return INTERRUPTED, CrnnDeployError("Interrupted.", fix=fix)
    refused = refused_by_system(error)
    if refused is not None:
        return InputError.exit_code, refused
    return BUG, CrnnDeployError(
        f"crnn-deploy failed: {type(error).__name__}: {error}",
        "This is a bug, or something that crnn-deploy should have explained better.",
        "Run the command again with --debug and report what it prints.",
    )


def _output_closed(error: BaseException | None) -> bool:
    """Whether the reader of a pipe has gone; Click and Rich make an exit with 1 of it."""
    while error is not None and not isinstance(error, BrokenPipeError):
        error = error.__context__
    return error is not None


def _as_input_error(complaint: Any) -> InputError:
    command = complaint.ctx.command_path if complaint.ctx else "crnn-deploy"
    return InputError(complaint.format_message(), fix=f"See {command} --help")
