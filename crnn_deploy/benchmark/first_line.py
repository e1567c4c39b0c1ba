"""A process that reads one line and tells what that took: the model and the image are its arguments.

It imports only what a program imports that reads.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from crnn_deploy import Reader

_STATUS = Path("/proc/self/status")


def main() -> None:
    """Read the line; print the CPU time of this process in seconds, and the most memory that it had in bytes."""
    model, image = sys.argv[1:]
    Reader(model, threads=1)(image)
    print(json.dumps({"cpu_seconds": time.process_time(), "peak_bytes": _peak_bytes()}))


def _peak_bytes() -> int | None:
    """Only /proc tells the memory of a process apart from that of the one that started it."""
    if not _STATUS.exists():
        return None
    rows = _STATUS.read_text().splitlines()
    return next((1024 * int(row.split()[1]) for row in rows if row.startswith("VmHWM:")), None)
