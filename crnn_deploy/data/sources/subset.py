"""A part of another source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.index.facts import Facts, Indices
from crnn_deploy.data.sources.base import Kind, Source
from crnn_deploy.progress import SILENT, Progress


class Subset:
    """A `Source` of some items of another source, in the order of `indices`; there are less than 2³¹."""

    def __init__(self, source: Source, indices: Sequence[int] | Indices) -> None:
        self._source = source
        self._facts: Facts | None = None
        self._indices = np.asarray(indices, np.int32)

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def kind(self) -> Kind:
        return self._source.kind

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._source.class_names

    def __len__(self) -> int:
        return len(self._indices)

    def item_name(self, index: int) -> str:
        return self._source.item_name(int(self._indices[index]))

    def text(self, index: int) -> str:
        return self._source.text(int(self._indices[index]))

    def class_index(self, index: int) -> int:
        return self._source.class_index(int(self._indices[index]))

    def image(self, index: int) -> ImageOrClip:
        return self._source.image(int(self._indices[index]))

    def content_hash(self, index: int) -> bytes:
        return self._source.content_hash(int(self._indices[index]))

    def texts(self, indices: Indices) -> list[str]:
        return self._source.texts(self._indices[indices])

    def facts(self, progress: Progress = SILENT, indices: Indices | None = None) -> Facts:
        """As `Source.facts`. Those of a part are kept where the source keeps them for all of its images only."""
        if self._facts is not None:
            return self._facts if indices is None else self._facts[indices]
        if indices is not None and len(indices) < len(self):
            return self._source.facts(progress, self._indices[indices])
        facts = self._source.facts(progress, self._indices)
        if 2 * len(self) < len(self._source):
            self._facts = facts
        return facts if indices is None else facts[indices]

    @property
    def vector_names(self) -> tuple[str, ...]:
        return self._source.vector_names

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return self._source.vectors(names)[self._indices]


class WithFacts(Subset):
    """Another `Source` whose facts another process has found."""

    def __init__(self, source: Source, facts: Facts) -> None:
        super().__init__(source, np.arange(len(source)))
        self._facts = facts


def sample(source: Source, count: int, seed: int) -> Source:
    """`count` different items drawn with the seed, in the order of the source; all items if there are no more."""
    if count >= len(source):
        return source
    chosen = np.random.default_rng(seed).choice(len(source), count, replace=False)
    return Subset(source, sorted(chosen.tolist()))
