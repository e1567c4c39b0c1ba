"""Locks on files and folders between processes; they end with the process that holds them, even if it is killed."""

from __future__ import annotations


def lock(descriptor: int, shared: bool = False, wait: bool = False) -> None:
    """Lock an open file or folder until it is closed.

    Args:
        shared: others may hold a shared lock too.
        wait: until nobody holds a lock that excludes this one.

    Raises:
        BlockingIOError: if another process holds a lock that excludes this one.
        OSError: if there are no locks on this system.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError("no locks") from error
    fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
