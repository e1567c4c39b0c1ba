"""The processes that a run has started, found by a variable that they inherit."""

from __future__ import annotations

import time
from pathlib import Path

_PATIENCE = 10.0  # seconds that the kernel may take to end them on a busy machine


def marked(mark: str) -> list[str]:
    """The command lines of the processes that have `mark` in their environment."""
    wanted = mark.encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200])
        except OSError:  # it has just ended, or belongs to another user
            continue
    return found


def left_over(mark: str) -> list[str]:
    """Those that are still there after some seconds."""
    deadline = time.monotonic() + _PATIENCE
    while (found := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
