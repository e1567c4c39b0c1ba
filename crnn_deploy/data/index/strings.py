"""Many strings in one array of bytes: without an object for each, and as a file that is mapped instead of read."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

_ERRORS = "surrogateescape"  # names of files that are no UTF-8 come back as they were


class Strings(Sequence[str]):
    """`N` strings.

    Args:
        data: their UTF-8, one after the other; uint8.
        ends: `[N]`, int64, where each ends in `data`.
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
        return cls(np.frombuffer(bytes(data), np.uint8), np.array(ends, np.int64))

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return self.at(np.arange(len(self))[index])
        return self.at(np.array([range(len(self))[index]]))[0]

    def at(self, indices: NDArray[np.intp]) -> list[str]:
        """The strings of these indices."""
        ends = self.ends[indices].tolist()
        starts = np.where(indices > 0, self.ends[indices - 1], 0).tolist()
        return [str(self._view[start:end], "utf-8", _ERRORS) for start, end in zip(starts, ends, strict=True)]


class Numbered(Sequence[str]):
    """The strings of `count` numbers from `first`, by a pattern such as `image-%09d`."""

    def __init__(self, pattern: str, first: int, count: int) -> None:
        self._pattern = pattern
        self._numbers = range(first, first + count)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._pattern % number for number in self._numbers[index]]
        return self._pattern % self._numbers[index]
