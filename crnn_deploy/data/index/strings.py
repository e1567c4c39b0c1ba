"""Many strings in one array of bytes: without an object for each, and as a file that is mapped instead of read."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.mapped import SCATTERED, let_go

_BLOCK = 1 << 16
_FEW = 8  # strings of a run, on average, below which it does not pay
_ERRORS = "surrogateescape"  # names of files that are no UTF-8 come back as they were


class Names(Protocol):
    """What the names of images are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> str: ...

    def __iter__(self) -> Iterator[str]: ...


class Strings:
    """`N` strings.

    Args:
        data: their UTF-8, each with a NUL behind it; uint8.
        ends: `[N]`, int64, the place of the NUL behind each in `data`.
    """

    def __init__(self, data: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self.data = data
        self.ends = ends
        self._view = memoryview(data)  # type: ignore[arg-type]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Strings:
        """A copy of some strings, which are held only one at a time."""
        data, ends = bytearray(), array("q")
        for string in strings:
            data += string.encode("utf-8", _ERRORS)
            ends.append(len(data))
            data.append(0)
        return cls(np.frombuffer(bytes(data), np.uint8), np.array(ends, np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        place = range(len(self))[index]
        return self._between(place, place)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BLOCK):
            yield from self.at(np.arange(start, min(len(self), start + _BLOCK)))

    def at(self, indices: NDArray[np.integer[Any]]) -> list[str]:
        """The strings of these indices. Runs of neighbours are decoded at once, in a tenth of the time."""
        breaks = np.flatnonzero(np.diff(indices) != 1) + 1
        if _FEW * len(breaks) > len(indices):
            return self._one_by_one(indices)
        found = list(chain.from_iterable(map(self._run, np.split(indices, breaks))))
        self._let_go()
        return found

    def _one_by_one(self, indices: NDArray[np.integer[Any]]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(indices), SCATTERED):
            found += [self._between(index, index) for index in indices[start : start + SCATTERED].tolist()]
            self._let_go()
        return found

    def _run(self, neighbours: NDArray[np.integer[Any]]) -> list[str]:
        if not len(neighbours):
            return []
        found = self._between(int(neighbours[0]), int(neighbours[-1])).split("\0")
        return found if len(found) == len(neighbours) else self._one_by_one(neighbours)  # one of them holds a NUL

    def _let_go(self) -> None:
        let_go(self.data)
        let_go(self.ends)

    def _between(self, first: int, last: int) -> str:
        """All from one string to another, with the NULs between them."""
        start = int(self.ends[first - 1]) + 1 if first else 0
        return str(self._view[start : int(self.ends[last])], "utf-8", _ERRORS)


class Numbered:
    """The strings of `count` numbers from `first`, by a pattern such as `image-%09d`."""

    def __init__(self, pattern: str, first: int, count: int) -> None:
        self._pattern = pattern
        self._numbers = range(first, first + count)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> str:
        return self._pattern % self._numbers[index]

    def __iter__(self) -> Iterator[str]:
        return (self._pattern % number for number in self._numbers)
