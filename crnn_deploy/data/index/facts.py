"""`Facts`: what is known of all images of a source without opening them again, by columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.mapped import SCATTERED, let_go, mapped

CONTENT_WORDS = 2  # of 8 bytes: a content hash has 16
_HASH = np.dtype("V16")
_BLOCK = 1 << 16  # images
_SPAN = 1 << 20  # of values that a table can number
_SPREAD = 100  # rows of a column for each that is asked for, on average, from which on these are scattered

Indices = NDArray[np.integer[Any]]
"""`[N]`, of images of a source."""


class Fact(NamedTuple):
    """What is known of one image, or of the first still of a clip.

    `width` and `height` are those of the upright picture in pixels. `animated`: it holds several frames or pages.
    """

    width: int
    height: int
    content: bytes
    broken: bool
    animated: bool


@dataclass(frozen=True)
class Facts:
    """The columns of `N` images; an image whose header is broken, or whose file can't be read, has size 0 × 0.

    Attributes:
        width: `[N]`, int32, of the upright picture in pixels.
        height: as `width`.
        content: `[N, 2]`, uint64: the content hash of 16 bytes.
        broken: `[N]`: whether the header or the end of the file is damaged. Damage between them shows when the image
            is decoded.
        animated: `[N]`: whether it holds several frames or pages; False for clips.
    """

    width: NDArray[np.int32]
    height: NDArray[np.int32]
    content: NDArray[np.uint64]
    broken: NDArray[np.bool_]
    animated: NDArray[np.bool_]

    @classmethod
    def empty(cls, count: int, allocate: Callable[[tuple[int, ...], Any], NDArray[Any]] = np.zeros) -> Facts:
        """Columns of zeros for `count` images, in arrays that `allocate` makes from a shape and a type."""
        return cls(
            width=allocate((count,), np.int32),
            height=allocate((count,), np.int32),
            content=allocate((count, CONTENT_WORDS), np.uint64),
            broken=allocate((count,), np.bool_),
            animated=allocate((count,), np.bool_),
        )

    @classmethod
    def joined(cls, parts: Sequence[Facts]) -> Facts:
        """The facts of several sources, one after the other."""
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def __len__(self) -> int:
        return len(self.width)

    @classmethod
    def load(cls, folder: Path) -> Facts:
        """Columns that `save` has written, which are mapped into memory instead of read."""
        return cls(**{each.name: mapped(folder / f"{each.name}.npy") for each in fields(cls)})

    def save(self, folder: Path) -> None:
        """Write a file for each column into a folder."""
        for each in fields(self):
            np.save(folder / f"{each.name}.npy", getattr(self, each.name))

    @property
    def is_mapped(self) -> bool:
        """Whether they were loaded from files, such as those of an index that is kept."""
        return isinstance(self.content, np.memmap)

    def __getitem__(self, indices: Indices) -> Facts:
        """Copies of some rows. What is read of mapped columns does not stay in memory."""
        return Facts(*(_rows(getattr(self, each.name), indices) for each in fields(self)))

    def put(self, places: NDArray[np.intp], facts: Facts) -> None:
        """Write down what is known of the images at these places."""
        for each in fields(self):
            getattr(self, each.name)[places] = getattr(facts, each.name)

    def set(self, index: int, fact: Fact) -> None:
        """Write down what is known of one image."""
        self.width[index], self.height[index] = fact.width, fact.height
        self.content[index] = np.frombuffer(fact.content, np.uint64)
        self.broken[index], self.animated[index] = fact.broken, fact.animated

    def contents(self) -> Contents:
        """The content hashes, 16 bytes each."""
        return Contents(self.content)

    def by_size(self, function: Callable[[int, int], int]) -> NDArray[np.int32]:
        """`function` of width and height of each image, `[N]`; it is called once for each size that occurs."""
        wide = int(self.width.max(initial=0)) + 1
        sizes, number = _numbered(self.height.astype(np.int64) * wide + self.width)
        values = np.array([function(size % wide, size // wide) for size in sizes.tolist()], np.int32)
        return values.take(number)

    def groups(self) -> NDArray[np.int32]:
        """A number for each image, the same for all of the same content; they count up where a content is new.

        It tells contents apart by 8 bytes of their hash.
        """
        words = self._first_words()
        words.sort()
        several = _distinct(words[1:][words[1:] == words[:-1]])
        del words  # before the next arrays of this length
        numbers = np.arange(len(self), dtype=np.int32)
        if not len(several):
            return numbers
        first = self._first_alike(several)
        numbers = np.cumsum(first == numbers, dtype=np.int32) - 1
        return numbers[first]

    def _first_words(self) -> NDArray[np.uint64]:
        """The first 8 bytes of each content hash, `[N]`."""
        words = np.empty(len(self), np.uint64)
        for block in self._blocks():
            words[block] = self.content[block, 0]
            let_go(self.content)
        return words

    def _first_alike(self, several: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The first image of the same content for each image, `[N]`, from the contents that several images have."""
        first = np.arange(len(self), dtype=np.int32)
        lowest = np.full(len(several), len(self), np.int32)
        for block in self._blocks():
            words = self.content[block, 0]
            number = np.searchsorted(several, words).clip(max=len(several) - 1)
            inside = several[number] == words
            np.minimum.at(lowest, number[inside], first[block][inside])
            first[block][inside] = lowest[number[inside]]
            let_go(self.content)
        return first

    def _blocks(self) -> Iterator[slice]:
        return (slice(start, start + _BLOCK) for start in range(0, len(self), _BLOCK))


class Contents(Sequence[bytes]):
    """Content hashes, without an object for each of `N` images.

    Args:
        words: `[N, 2]`, uint64.
    """

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def __len__(self) -> int:
        return len(self._words)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Contents: ...

    def __getitem__(self, index: int | slice) -> bytes | Contents:
        return Contents(self._words[index]) if isinstance(index, slice) else self._words[index].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        return iter(np.ascontiguousarray(self._words).view(_HASH).ravel().tolist())  # in half the time of slices


def _rows(column: NDArray[Any], indices: Indices) -> NDArray[Any]:
    """Some rows, which `take` copies in half the time of `column[indices]`; scattered ones in parts."""
    rows: NDArray[Any] = np.empty((len(indices), *column.shape[1:]), column.dtype)
    is_scattered = len(indices) and np.ptp(indices) > _SPREAD * len(indices)
    size = SCATTERED if is_scattered else max(1, len(indices))
    for start in range(0, len(indices), size):
        rows[start : start + size] = np.asarray(column).take(indices[start : start + size], axis=0)
        let_go(column)
    return rows


def _numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.integer[Any]]]:
    """The different values in order, and the place of each value among them."""
    span = int(values.max(initial=0)) + 1
    if span > _SPAN:
        different = _distinct(values)
        return different, np.searchsorted(different, values)
    table = np.zeros(span, np.int32)  # finds them in a quarter of the time
    table[values] = 1
    different = np.flatnonzero(table)
    table[different] = np.arange(len(different))
    return different, table[values]


def _distinct(values: NDArray[Any]) -> NDArray[Any]:
    """The different values in order; sorting finds them in a quarter of the time that `np.unique` takes."""
    ordered = np.sort(values)
    differs = np.ones(len(ordered), np.bool_)
    differs[1:] = ordered[1:] != ordered[:-1]
    distinct: NDArray[Any] = ordered[differs]
    return distinct
