"""The cache folder stays within a limit: of what can be made again, the entries used longest ago are removed first.

Whoever keeps something in the cache has a row in `CACHE_KINDS`, asks `cache_place` for the folder of its kind, marks
an entry by `mark_used` or holds it by `in_use`, and calls `limit_cache` after it has added one.
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
from crnn_deploy.locking import locked
from crnn_deploy.units import bytes_of

LIMIT_VARIABLE = "CRNN_DEPLOY_CACHE_LIMIT"
DEFAULT_LIMIT = 50 * 10**9

CacheName = Literal["teachers", "plugin", "students", "timing", "tensorrt-rtx", "npm", "index"]


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
    "index": CacheKind("what is in large data sets", r"[0-9a-f]{32}"),
}

_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class CacheEntry:
    """A file or a folder that can be made again; `last_use` is the time that its file system keeps."""

    path: Path
    bytes: int
    last_use: float


@dataclass(frozen=True)
class CachedKind:
    """What the cache holds of one kind."""

    name: CacheName
    holds: str
    entries: int
    bytes: int


@dataclass(frozen=True)
class CacheState:
    """The cache folder, the bytes that it may hold, and what it holds, the kind with most bytes first."""

    folder: Path
    limit_bytes: int
    kinds: tuple[CachedKind, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all entries."""
        return sum(kind.bytes for kind in self.kinds)


def cache_state() -> CacheState:
    """Look at the cache folder.

    Raises:
        InputError: if the limit is no size, or others could change the folder.
    """
    found = {name: cache_entries(name) for name in CACHE_KINDS}
    kinds = (
        CachedKind(name, CACHE_KINDS[name].holds, len(entries), sum(entry.bytes for entry in entries))
        for name, entries in found.items()
        if entries
    )
    return CacheState(cache_folder(), cache_limit(), tuple(sorted(kinds, key=lambda kind: -kind.bytes)))


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
    with locked(entry, shared=True, wait=True):
        with contextlib.suppress(OSError):  # a cache that is only read
            os.utime(entry)
        yield


def mark_used(entry: Path) -> None:
    """Mark an entry as used now; it need not be there any more."""
    with contextlib.suppress(FileNotFoundError), in_use(entry):
        pass


def cache_entries(kind: CacheName) -> list[CacheEntry]:
    """All entries of a kind."""
    pattern = re.compile(CACHE_KINDS[kind].entry)
    found = (path for path in _inside(cache_place(kind)) if pattern.fullmatch(path.name))
    return [entry for path in found if (entry := _entry(path)) is not None]


def limit_cache(added: Path) -> int:
    """Evict what the cache folder holds beyond its limit, but not the entry that was just added.

    Returns:
        Bytes that were freed.

    Raises:
        InputError: if the limit is no size.
    """
    limit = cache_limit()
    for kind in CACHE_KINDS:
        _remove_leftovers(cache_place(kind))
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError):
            stack.enter_context(in_use(added))
        return keep_within([entry for kind in CACHE_KINDS for entry in cache_entries(kind)], limit)


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
        with locked(path):
            path.rename(aside)
    except OSError:  # in use, or gone
        return False
    remove(aside)
    return True


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
