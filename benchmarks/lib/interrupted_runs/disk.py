"""A file system of a few megabytes, in memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 16


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount a file system of `size` bytes at `folder`; needs root on Linux."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(disk: Path, free: int) -> Iterator[None]:
    """Leave only `free` bytes on a disk."""
    ballast = disk / "ballast"
    space = os.statvfs(disk)
    size = max(space.f_bavail * space.f_frsize - free, 0)
    with ballast.open("wb") as file:
        for _ in range(size // _BLOCK):
            file.write(bytes(_BLOCK))
    try:
        yield
    finally:
        ballast.unlink()
