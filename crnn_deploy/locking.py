"""Locks on files and folders between processes; they end with the process that holds them, even if it is killed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock on a file or folder. Where the system can't lock it, the block is run without.

    Args:
        shared: others may hold a shared lock too.
        wait: until nobody holds a lock that excludes this one.

    Raises:
        BlockingIOError: if another process holds a lock that excludes this one.
        FileNotFoundError: if there is nothing at `path`, or no longer what was there when the lock was asked for.
    """
    with contextlib.ExitStack() as stack:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            lock(descriptor, shared, wait)
            if not os.path.samestat(os.fstat(descriptor), path.stat()):
                raise FileNotFoundError(path)
        except (BlockingIOError, FileNotFoundError):
            raise
        except OSError:  # Windows opens no folders, and some network file systems have no locks
            pass
        yield


def lock(descriptor: int, shared: bool = False, wait: bool = False) -> None:
    """Lock an open file until it is closed; the arguments are those of `locked`.

    Raises:
        BlockingIOError: if another process holds a lock that excludes this one.
        OSError: if there are no locks on this system.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError("no locks") from error
    fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
