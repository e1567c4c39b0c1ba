"""Reads an LMDB database file without mapping it into memory.

liblmdb maps the file and trusts it: a file that is cut short or damaged ends the process with SIGBUS or SIGSEGV. Here
each page is read with `pread`, and every number in it is checked before it is used.

Source: mdb.c of LMDB 0.9 (`MDB_meta`, `MDB_db`, `MDB_page`, `MDB_node`), 64 bits, little-endian. A file is a tree of
pages of one size. Two meta pages at the beginning name its root; the one with the higher transaction number counts.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crnn_deploy.errors import InputError

_MAGIC = 0xBEEFC0DE
_VERSION = 1
_NO_PAGE = 2**64 - 1
_DEEPEST = 32  # more levels than liblmdb's cursors have
_PAGE_SIZES = [1 << power for power in range(9, 16)]

_HEADER = struct.Struct("<8xHHHH")  # pad, flags, lower end and upper end of the free space
# Magic, version, size of the map, page size, flags of the list of free pages; of the tree size of listed values, flags,
# depth, entries, root; last page, transaction.
_META = struct.Struct("<II8xQIH42xIHH24xQQQQ")
_SMALLEST_ENTRY = 11  # a node with one byte, and its offset
_NODE = struct.Struct("<HHHH")  # low and high half of the size, flags, size of the key
_NOT_OF_FREE_PAGES = 0x3FF6  # flags that the list of free pages never has; liblmdb refuses them too
_BRANCH, _LEAF, _META_PAGE = 0x01, 0x02, 0x08
_KINDS = 0x6F  # flags that say what a page is
_ELSEWHERE, _NESTED = 0x01, 0x06  # flags of a node: its data are on pages of their own; they are databases or lists


class Value(NamedTuple):
    """Where the data of a key are."""

    offset: int
    size: int


class LmdbFile:
    """The main database of a file. Several threads may read at the same time.

    Raises:
        InputError: if the file is no such database, or is cut short. So do all methods where it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        self.size = os.fstat(self._file.fileno()).st_size
        self._page_size = self._check_first_page()
        metas = [self._meta(number) for number in range(2)]
        self._root, entries, last_page, _ = max(metas, key=lambda meta: meta[3])
        self.entries = min(entries, self.size // _SMALLEST_ENTRY)
        self._pages = last_page + 1
        if self._pages * self._page_size > self.size:
            raise InputError(
                f"{path} is cut short: it has {self.size:,} bytes of {self._pages * self._page_size:,}.",
                fix="Copy the database again.",
            )

    def get(self, key: bytes) -> Value | None:
        """Where the data of a key are; None if it is not there."""
        if self._root == _NO_PAGE:
            return None
        number = self._root
        for _ in range(_DEEPEST):
            page = self._page(number)
            if page.is_leaf:
                place = bisect_left(range(len(page.nodes)), key, key=page.key)
                found = place < len(page.nodes) and page.key(place) == key
                return self._value(page, place) if found else None
            number = page.child(max(0, bisect_right(range(len(page.nodes)), key, lo=1, key=page.key) - 1))
        raise self._damaged("its tree has a loop")

    def read(self, value: Value) -> bytes:
        """The data at a place."""
        data = os.pread(self._file.fileno(), value.size, value.offset)
        if len(data) != value.size:
            raise self._damaged("it was cut off after it was opened")
        return data

    def with_prefix(self, prefix: bytes) -> Iterator[tuple[bytes, Value]]:
        """Keys that begin with `prefix`, in their order, and where their data are."""
        waiting = [] if self._root == _NO_PAGE else [self._root]
        for _ in range(self._pages):  # a tree has no page twice
            if not waiting:
                return
            page = self._page(waiting.pop())
            inside = range(len(page.nodes))
            first = bisect_left(inside, prefix, lo=0 if page.is_leaf else 1, key=page.key)
            if page.is_leaf:
                for place in inside[first:]:
                    key = page.key(place)
                    if not key.startswith(prefix):
                        break
                    yield key, self._value(page, place)
                continue
            after = next((i for i in inside[first:] if not page.key(i).startswith(prefix)), len(inside))
            waiting += [page.child(place) for place in reversed(inside[max(0, first - 1) : after])]
        if waiting:
            raise self._damaged("its tree has a loop")

    def _check_first_page(self) -> int:
        """The page size, after checking that this is an LMDB of this kind of machine."""
        start = os.pread(self._file.fileno(), 16 + _META.size, 0)
        if len(start) < 16 + _META.size:
            raise InputError(f"{self.path} cannot be read as an LMDB: it has {self.size:,} bytes.", fix=_AGAIN)
        magic, version, _, page_size, *_ = _META.unpack_from(start, 16)
        if magic != _MAGIC:
            other = _MAGIC.to_bytes(4, "big") in start[:24] or start[12:16] == _MAGIC.to_bytes(4, "little")
            cause = "A machine with another byte order or word size wrote it." if other else ""
            raise InputError(f"{self.path} cannot be read as an LMDB: it has another format.", cause, _AGAIN)
        if version != _VERSION or page_size not in _PAGE_SIZES:
            raise InputError(
                f"{self.path} cannot be read as an LMDB: version {version}, pages of {page_size:,} bytes.",
                f"LMDB 0.9 writes version {_VERSION}, and pages of {_PAGE_SIZES[0]} to {_PAGE_SIZES[-1]:,} bytes.",
                _AGAIN,
            )
        return int(page_size)

    def _meta(self, number: int) -> tuple[int, int, int, int]:
        """Root, number of entries, last page and transaction of one meta page."""
        data = os.pread(self._file.fileno(), 16 + _META.size, number * self._page_size)
        if len(data) < 16 + _META.size:
            raise InputError(f"{self.path} is cut short: it has {self.size:,} bytes.", fix="Copy the database again.")
        _, flags, _, _ = _HEADER.unpack_from(data)
        magic, version, _, page_size, *rest = _META.unpack_from(data, 16)
        free_kind, listed, kind, _, entries, root, last, transaction = rest
        same = (magic, version, page_size) == (_MAGIC, _VERSION, self._page_size)
        if not same or not flags & _META_PAGE or free_kind & _NOT_OF_FREE_PAGES or listed:
            raise self._damaged(f"meta page {number} is not valid")
        if kind:
            raise InputError(f"{self.path} has keys of another kind than text.", fix=_AGAIN)
        return root, entries, last, transaction

    def _page(self, number: int) -> _Page:
        if number >= self._pages:
            raise self._damaged(f"page {number:,} of {self._pages:,}")
        data = os.pread(self._file.fileno(), self._page_size, number * self._page_size)
        if len(data) < self._page_size:
            raise self._damaged("it was cut off after it was opened")
        _, flags, lower, upper = _HEADER.unpack_from(data)
        count = (lower - _HEADER.size) // 2
        if flags & _KINDS not in (_BRANCH, _LEAF) or count < 1 or not lower <= upper <= self._page_size:
            raise self._damaged(f"page {number:,} is not valid")
        nodes = struct.unpack_from(f"<{count}H", data, _HEADER.size)
        if min(nodes) < upper or max(nodes) + _NODE.size > self._page_size:
            raise self._damaged(f"page {number:,} is not valid")
        return _Page(number, data, flags & _LEAF == _LEAF, nodes)

    def _value(self, page: _Page, place: int) -> Value:
        node = page.nodes[place]
        low, high, flags, key_size = _NODE.unpack_from(page.data, node)
        size = low | high << 16
        inside = node + _NODE.size + key_size
        if flags & _NESTED:
            raise self._damaged("it holds databases inside of the database")
        if not flags & _ELSEWHERE:
            if inside + size > self._page_size:
                raise self._damaged(f"page {page.number:,} is not valid")
            return Value(page.number * self._page_size + inside, size)
        if inside + 8 > self._page_size:
            raise self._damaged(f"page {page.number:,} is not valid")
        (first,) = struct.unpack_from("<Q", page.data, inside)
        offset = first * self._page_size + _HEADER.size
        if offset + size > self._pages * self._page_size:
            raise self._damaged(f"data of {size:,} bytes at page {first:,} of {self._pages:,}")
        return Value(offset, size)

    def _damaged(self, reason: str) -> InputError:
        return InputError(f"{self.path} cannot be read as an LMDB: {reason}.", "It is damaged.", _AGAIN)


class _Page(NamedTuple):
    """One page of the tree, and the offsets of its nodes, in the order of their keys."""

    number: int
    data: bytes
    is_leaf: bool
    nodes: tuple[int, ...]

    def key(self, place: int) -> bytes:
        node = self.nodes[place]
        size = _NODE.unpack_from(self.data, node)[3]
        return self.data[node + _NODE.size : node + _NODE.size + size]

    def child(self, place: int) -> int:
        """The page below a node of a branch; its number has 48 bits."""
        low, middle, high, _ = _NODE.unpack_from(self.data, self.nodes[place])
        return int(low | middle << 16 | high << 32)


_AGAIN = "Make the database again."
