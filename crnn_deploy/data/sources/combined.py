"""Several sources as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.index.facts import Facts, Indices
from crnn_deploy.data.sources.base import Kind, Source
from crnn_deploy.data.sources.unlabelled import Unlabelled
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress


class Combined:
    """A `Source` of all items of several sources, one after the other. If one has no labels, it has none.

    Args:
        name: of all together; without it their names.

    Raises:
        InputError: if their labels are not of one kind.
    """

    def __init__(self, sources: Sequence[Source], name: str = "") -> None:
        if any(source.kind == "unlabelled" for source in sources):
            sources = [Unlabelled(source) for source in sources]
        self._sources = sources
        self._name = name
        self._ends = list(accumulate(map(len, sources)))
        first = sources[0]
        for other in sources[1:]:
            if (other.kind, other.class_names) != (first.kind, first.class_names):
                raise InputError(
                    f"{other.name} cannot be combined with {first.name}.",
                    f"It has {_labels(other)}, and the other source has {_labels(first)}.",
                    "Give images with labels of the same kind.",
                )

    @property
    def name(self) -> str:
        return self._name or " and ".join(source.name for source in self._sources)

    @property
    def kind(self) -> Kind:
        return self._sources[0].kind

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._sources[0].class_names

    def __len__(self) -> int:
        return self._ends[-1]

    def item_name(self, index: int) -> str:
        source, inner = self._at(index)
        return source.item_name(inner)

    def text(self, index: int) -> str:
        source, inner = self._at(index)
        return source.text(inner)

    def class_index(self, index: int) -> int:
        source, inner = self._at(index)
        return source.class_index(inner)

    def image(self, index: int) -> ImageOrClip:
        source, inner = self._at(index)
        return source.image(inner)

    def content_hash(self, index: int) -> bytes:
        source, inner = self._at(index)
        return source.content_hash(inner)

    def texts(self, indices: Indices) -> list[str]:
        texts = [""] * len(indices)
        for places, source, inner in self._shares(indices):
            for place, text in zip(places.tolist(), source.texts(inner), strict=True):
                texts[place] = text
        return texts

    def facts(self, progress: Progress = SILENT, indices: Indices | None = None) -> Facts:
        if indices is None:
            return Facts.joined([source.facts(progress) for source in self._sources])
        facts = Facts.empty(len(indices))
        for places, source, inner in self._shares(indices):
            facts.put(places, source.facts(progress, inner))
        return facts

    @property
    def vector_names(self) -> tuple[str, ...]:
        """Those that all sources have."""
        shared = set.intersection(*(set(source.vector_names) for source in self._sources))
        return tuple(name for name in self._sources[0].vector_names if name in shared)

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return np.concatenate([source.vectors(names) for source in self._sources])

    def _shares(self, indices: Indices) -> Iterator[tuple[NDArray[np.intp], Source, NDArray[np.intp]]]:
        """For each source that holds some of `indices`: their places there, the source, and the indices in it."""
        owner = np.searchsorted(self._ends, indices, side="right")
        for number in np.unique(owner).tolist():
            places = np.flatnonzero(owner == number)
            yield places, self._sources[number], indices[places] - (self._ends[number - 1] if number else 0)

    def _at(self, index: int) -> tuple[Source, int]:
        """The source of an item, and its index there."""
        place = bisect_right(self._ends, index)
        return self._sources[place], index - (self._ends[place - 1] if place else 0)


def _labels(source: Source) -> str:
    """Description of the labels of a source."""
    if source.kind != "class":
        return "lines of text"
    names = source.class_names
    return f"the classes {', '.join(names[:4])}{' …' * (len(names) > 4)}"
