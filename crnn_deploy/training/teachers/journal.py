"""Records that a process has made and not yet put into a database, in a file that outlives the process."""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from crnn_deploy.locking import lock

_SUFFIX = ".journal"
_AT_ONCE = 1 << 12  # records that are in memory
_HEADER = struct.Struct("<III")  # lengths of key and value, checksum of both


class Journal:
    """A file in `folder` to which this process alone appends.

    What is appended is safe when the process is killed, and not when the machine loses its power: nothing waits for the
    disk.
    """

    def __init__(self, folder: Path) -> None:
        number, name = tempfile.mkstemp(_SUFFIX, dir=folder)
        self._path = Path(name)
        self._file = os.fdopen(number, "wb", buffering=0)
        with contextlib.suppress(OSError):
            lock(number)

    def append(self, records: dict[bytes, bytes]) -> None:
        """Add records. Raises `OSError` if the disk is full; the journal is as before then."""
        end = self._file.tell()
        data = b"".join(_record(key, value) for key, value in records.items())
        try:
            if self._file.write(data) < len(data):
                self._file.write(data[self._file.tell() - end :])  # which says why it was cut
        except OSError:
            self._file.seek(end)
            self._file.truncate()
            raise

    def close(self, remove: bool = True) -> None:
        """Remove the file, or leave it for `left_records`."""
        if remove:
            self._path.unlink(missing_ok=True)
        self._file.close()


def left_records(folder: Path) -> Iterator[dict[bytes, bytes]]:
    """The records of the journals in `folder` that were left, in blocks; a journal that was taken is removed."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with contextlib.suppress(OSError), path.open("rb+") as file:  # network file systems lock no file for reading
            lock(file.fileno())  # raises where its process is alive
            records = _records(file)
            while block := dict(islice(records, _AT_ONCE)):
                yield block
            if file.tell():  # a new one is empty, and may not have its lock yet
                path.unlink()


def _record(key: bytes, value: bytes) -> bytes:
    return _HEADER.pack(len(key), len(value), zlib.crc32(key + value)) + key + value


def _records(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """All whole records; the last one may have been cut off."""
    while len(header := file.read(_HEADER.size)) == _HEADER.size:
        key_size, value_size, checksum = _HEADER.unpack(header)
        key, value = file.read(key_size), file.read(value_size)
        if len(value) < value_size or zlib.crc32(key + value) != checksum:
            return
        yield key, value
