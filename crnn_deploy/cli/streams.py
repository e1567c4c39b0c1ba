"""The process around a verb: stdout and stderr of any encoding, closed or full, and the signals that end it.

It needs nothing but the standard library, so that it works while the rest is imported.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import signal
import sys
from typing import TextIO

INTERRUPTED = 130
OUTPUT_CLOSED = 141
"""As a shell tells that a program was ended by SIGPIPE, when `head` had read enough."""

_PLAIN = {
    "✓": "+",
    "✗": "x",
    "→": "->",
    "⇥": "->",
    "×": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "•": "*",
    "·": "-",
    "○": "o",
    "\u00a0": " ",
}
_ENCODING_ERRORS = "crnn_deploy.plain"


def prepare() -> None:
    """Call it once, before anything is printed."""
    _open_closed()
    codecs.register_error(_ENCODING_ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ENCODING_ERRORS)
    for name in ("SIGTERM", "SIGHUP"):  # temporary files are removed as after Ctrl-C; nohup's SIGHUP stays ignored
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def finish() -> None:
    """Write what is still buffered.

    Raises:
        OSError: if that fails.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def discard() -> None:
    """Drop what can't be written, so that Python does not complain about it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _drop(stream)


def interrupted() -> int:
    """Say that Ctrl-C came before the command line was there; returns the exit code."""
    _say("Interrupted.")
    return INTERRUPTED


def out_of_memory() -> int:
    """Say that the command line did not fit into memory; returns the exit code."""
    _say("Not enough memory to start.")
    return 2


def incomplete(error: ModuleNotFoundError) -> int:
    """Say that the package was installed without a package that it requires; returns the exit code."""
    _say(
        f"The Python package {error.name} is not installed. The command line needs all that crnn-deploy requires; "
        "`pip install --no-deps` leaves it out. Install crnn-deploy again, without this option."
    )
    return 2


def _open_closed() -> None:
    """Open 0, 1 and 2 if they are closed: the next file to be opened, such as a model, would else become stdout."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Marks and dashes in ASCII, everything else as `backslashreplace` does it."""
    assert isinstance(error, UnicodeEncodeError)
    character = error.object[error.start]
    if character in _PLAIN:
        return _PLAIN[character], error.start + 1
    error.end = error.start + 1
    return codecs.backslashreplace_errors(error)


def _drop(stream: TextIO) -> None:
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode())
