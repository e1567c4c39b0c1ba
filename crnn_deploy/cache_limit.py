"""The cache folder stays within a limit: of what can be made again, the entries used longest ago are removed first.

Whoever keeps something in the cache asks `cache_place` for the folder of its kind, holds an entry by `in_use` while it
works with it, and calls `limit_cache` after it has added one.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, is_leftover, remove, temporary_beside
from crnn_deploy.folders import bytes_in
from crnn_deploy.locking import lock
from crnn_deploy.units import bytes_of

LIMIT_VARIABLE = "CRNN_DEPLOY_CACHE_LIMIT"
DEFAULT_LIMIT = 50 * 10**9

CacheName = Literal["teachers", "plugin", "students", "timing", "tensorrt-rtx", "npm"]


@dataclass(frozen=True)
class CacheKind:
    """One folder in the cache folder: what it holds, and how the names of its entries look; others are not touched."""

    holds: str
    entry: str


CACHE_KINDS: Mapping[CacheName, CacheKind] = {
    "teachers": CacheKind("answers of teachers", r"[0-9a-f]{32}"),
    "plugin": CacheKind("compiled plugins for TensorRT", r"[0-9a-f]{16}"),
    "students": CacheKind("measured students", r"[0-9a-f]{16}\.json"),
    "timing": CacheKind("timing caches of TensorRT", r"tensorrt.+\.cache"),
    "tensorrt-rtx": CacheKind("names under which TensorRT-RTX is loaded", r"[0-9a-f]{16}"),
    "npm": CacheKind("ONNX Runtime from npm", r"onnxruntime-.+"),
}

_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class CacheEntry:
    """A file or a folder that can be made again; `last_use` is the time that its file system keeps."""

    path: Path
    bytes: int
    last_use: float


def cache_place(kind: CacheName) -> Path:
    """The folder for the entries of a kind; it need not exist yet."""
    return cache_folder() / kind


def cache_limit() -> int:
    """Bytes that the cache folder may hold: `$CRNN_DEPLOY_CACHE_LIMIT`, or 50 GB.

    Raises:
        InputError: if the variable is no size.
    """
    text = os.environ.get(LIMIT_VARIABLE)
    try:
        return DEFAULT_LIMIT if text is None else bytes_of(text)
    except ValueError as error:
        raise InputError(f"{LIMIT_VARIABLE}={text}: {error}.", fix=f"Write it as {LIMIT_VARIABLE}=20GB") from None


@contextlib.contextmanager
def in_use(entry: Path) -> Iterator[None]:
    """Mark an entry as used now. Until the end of the block, or of the process, it is not evicted.

    Where the system has no locks it may be: open files stay readable then, or can't be removed.

    Raises:
        FileNotFoundError: if there is none any more: make it, and try again.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(PermissionError):  # Windows opens no folders
            descriptor = os.open(entry, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            with contextlib.suppress(OSError):
                lock(descriptor, shared=True, wait=True)
            if not os.path.samestat(os.fstat(descriptor), entry.stat()):
                raise FileNotFoundError(entry)  # it was evicted and made again in between
        with contextlib.suppress(PermissionError):  # a cache that is only read
            os.utime(entry)
        yield


def cache_entries(kind: CacheName) -> list[CacheEntry]:
    """All entries of a kind."""
    pattern = re.compile(CACHE_KINDS[kind].entry)
    found = (path for path in _inside(cache_place(kind)) if pattern.fullmatch(path.name))
    return [entry for path in found if (entry := _entry(path)) is not None]


def limit_cache() -> int:
    """Evict what the cache folder holds beyond its limit; returns the bytes that were freed.

    Raises:
        InputError: if the limit is no size.
    """
    limit = cache_limit()
    for kind in CACHE_KINDS:
        _remove_leftovers(cache_place(kind))
    return keep_within((entry for kind in CACHE_KINDS for entry in cache_entries(kind)), limit)


def keep_within(entries: Iterable[CacheEntry], most_bytes: int) -> int:
    """Remove entries, those used longest ago first, until the others have at most `most_bytes`.

    Those in use stay, so the rest may be larger. An entry is renamed before it is removed: it is whole or absent.

    Returns:
        Bytes that were freed.
    """
    by_last_use = sorted(entries, key=lambda entry: entry.last_use)
    held = sum(entry.bytes for entry in by_last_use)
    freed = 0
    for entry in by_last_use:
        if held - freed <= most_bytes:
            break
        if _evicted(entry.path):
            freed += entry.bytes
    return freed


def _evicted(path: Path) -> bool:
    """Remove an entry unless it is in use; whether that was done."""
    aside = temporary_beside(path)
    try:
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(PermissionError):  # as in `in_use`
                descriptor = os.open(path, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                _lock_unless_unknown(descriptor)
            path.rename(aside)
    except OSError:  # in use, or gone
        return False
    remove(aside)
    return True


def _lock_unless_unknown(descriptor: int) -> None:
    """Raise `BlockingIOError` if somebody uses it; where the system has no locks, that is not known."""
    try:
        lock(descriptor)
    except BlockingIOError:
        raise
    except OSError:
        pass


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left; what is younger than a day may still be written."""
    for path in _inside(folder):
        with contextlib.suppress(OSError):
            if is_leftover(path) and time.time() - path.lstat().st_mtime > _DAY:
                remove(path)


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # there is none, or it is no folder
        return []


def _entry(path: Path) -> CacheEntry | None:
    """The entry at a path; None if it was removed in between, or is a link."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return None if path.is_symlink() else CacheEntry(path, bytes_in(path), status.st_mtime)
