"""The shards of the sources that are to be labelled."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.data.sources.container import is_file, is_folder
from crnn_deploy.data.sources.lmdb import LMDB_FILE, find_lmdbs
from crnn_deploy.data.sources.open_folder import shard_files
from crnn_deploy.data.sources.opening import open_source, split_location
from crnn_deploy.files import printable
from crnn_deploy.progress import SILENT, Progress


@dataclass(frozen=True)
class Shard:
    """Images that are read by one worker into one file.

    Attributes:
        location: of the source that holds them, an absolute path.
        fingerprint: changes when the source does.
        first, end: their indices in the source; None: all of its images.
    """

    location: str
    fingerprint: str
    first: int = 0
    end: int | None = None

    @property
    def path(self) -> Path:
        """Of the file or folder that holds it."""
        return Path(split_location(self.location)[1])

    @property
    def name(self) -> str:
        """What tells it apart from other shards: its source, and its part of it."""
        place = printable(self.location)
        return place if self.end is None else f"{place}[{self.first}:{self.end}]"

    def indices(self, count: int) -> range:
        """Those of its images in its source, which has `count`."""
        return range(self.first, count if self.end is None else self.end)


def find_shards(locations: Sequence[str], size: int, progress: Progress = SILENT) -> list[Shard]:
    """The shards of all sources in their order, each once. Only sources that are to be divided are opened, and of
    Parquet files the metadata.

    Args:
        size: images of a shard where a source has no shards of its own.

    Raises:
        InputError: if a source is not there, empty, or can't be divided.
    """
    shards = (shard for location in locations for shard in _shards(location, size, progress))
    return list({shard.name: shard for shard in shards}.values())


def _shards(location: str, size: int, progress: Progress) -> Iterator[Shard]:
    prefix, place = split_location(location)
    path = Path(place).absolute()
    if not prefix and place and is_folder(path) and (files := shard_files(path)):
        yield from map(_whole, list(filter(_has_rows, files)) or files)
    elif not prefix and is_file(path) and (path.suffix == ".parquet" or ".tar" in path.suffixes):
        yield _whole(path)
    else:
        for part in _undivided(prefix, path) if place else [location]:
            yield from _divided(part, size, progress)


def _has_rows(file: Path) -> bool:
    """Whether a file of a set may hold images: a Parquet file of a set may have no rows, as for all verbs."""
    if file.suffix != ".parquet":
        return True
    import pyarrow.parquet

    try:
        return bool(pyarrow.parquet.read_metadata(file).num_rows)
    except (pyarrow.ArrowException, OSError):  # who reads it says what is wrong
        return True


def _whole(path: Path) -> Shard:
    return Shard(str(path), fingerprint(path))


def _undivided(prefix: str, path: Path) -> list[str]:
    """The sources at a location that has no shards: several LMDBs, or itself."""
    if prefix or not is_folder(path):
        return [f"{prefix}{path}"]
    if is_file(path / LMDB_FILE):
        return [str(path / LMDB_FILE)]
    return list(map(str, find_lmdbs(path))) or [str(path)]


def _divided(location: str, size: int, progress: Progress) -> Iterator[Shard]:
    count = len(open_source(location, progress, needs_labels=False))
    mark = fingerprint(Path(split_location(location)[1]))
    for first in range(0, count, size):
        yield Shard(location, mark, first, min(first + size, count))


def fingerprint(path: Path) -> str:
    """What changes when a file or a folder does: names, sizes and times of change, without reading the files."""
    digest = hashlib.blake2b(digest_size=8)
    for file in _files(path):
        digest.update(os.fsencode(file.relative_to(path)))
        with contextlib.suppress(OSError):  # a link to nothing, or a file that has gone
            status = file.stat()
            digest.update(f"\0{status.st_size} {status.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    """A file, or all files below a folder, in the order of their names."""
    if not is_folder(path):
        yield path
        return
    for folder, below, names in os.walk(path):
        below.sort()
        yield from (Path(folder, name) for name in sorted(names))
