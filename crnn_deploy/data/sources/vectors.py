"""Vectors: numbers beside the images of a source, such as an age beside an X-ray image."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.index.facts import Facts, Indices
from crnn_deploy.data.sources.base import Kind, Source, title
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.units import listed


@dataclass(frozen=True)
class Numbers:
    """What may be read as numbers beside the images of a source.

    Attributes:
        names: of all of it.
        read: the numbers of some names beside all images, `[N, K]`; it raises `InputError` saying where, if one is no
            finite number.
    """

    names: tuple[str, ...] = ()
    read: Callable[[tuple[str, ...]], NDArray[np.float64]] = lambda names: np.empty((0, len(names)))

    def rows(self, names: Sequence[str], source: str) -> NDArray[np.float64]:
        """`[N, K]` of these names. Raises `InputError` if the source of that name lacks one, and as `read` does."""
        check_names(names, self.names, source)
        return self.read(tuple(names))


NO_NUMBERS = Numbers()


def check_names(wanted: Sequence[str], present: Sequence[str], source: str) -> None:
    """Raise `InputError` if a source lacks some of the wanted numbers."""
    missing = [name for name in wanted if name not in present]
    if missing:
        raise InputError(
            f"{source} has no {listed(missing)} beside its images.",
            f"The vector is {listed(wanted)}; the source has {listed(present) or 'no numbers'} beside its images.",
            "Give a label file with a header row that names such columns, or an NPZ with the arrays vectors and "
            "vector_names.",
        )


def with_vector(
    source: Source, names: Sequence[str], class_names: Sequence[str] = (), progress: Progress = SILENT
) -> Source:
    """The source as one of pictures with the vector of these names; unchanged where there are no names.

    Args:
        class_names: of the model, in whose order the labels of a label file are numbered; empty: in sorted order.
        progress: is told of numbers beside pictures that are not read.

    Raises:
        InputError: if the source lacks a number, or one of them is no finite number.
    """
    if names:
        return WithVector(source, names, class_names)
    if source.kind == "class" and source.vector_names:
        progress.log(
            f"{source.name} has numbers beside its pictures, which are not read: {listed(source.vector_names)}"
        )
    return source


class WithVector(Subset):
    """The pictures of another `Source` with the vector of `names`.

    A picture counts as another one where its vector differs. The texts of a label file are the names of classes: only
    classifiers take a vector.
    """

    def __init__(self, source: Source, names: Sequence[str], class_names: Sequence[str] = ()) -> None:
        super().__init__(source, range(len(source)))
        self._rows = source.vectors(names)
        self._given = tuple(class_names)

    @property
    def kind(self) -> Kind:
        return "class" if self._source.kind == "text" else self._source.kind

    @cached_property
    def _classes(self) -> dict[str, int]:
        """Index of each class that the texts name."""
        texts = {self._source.text(index) for index in range(len(self))}
        if "" in texts:
            empty = next(index for index in range(len(self)) if not self._source.text(index))
            raise InputError(f"{title(self, empty)} has an empty label.", fix="Write the class of each picture.")
        if len(texts) > limits.MAX_CLASSES:
            raise InputError(
                f"The labels of {self.name} name {len(texts):,} classes, and {limits.MAX_CLASSES:,} are possible.",
                "With a vector, labels are names of classes.",
                "Leave out the vector if these are lines of text.",
            )
        names = self._given if texts <= set(self._given) else sorted(texts)
        return {name: number for number, name in enumerate(names)}

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(self._classes) if self._source.kind == "text" else self._source.class_names

    def text(self, index: int) -> str:
        return ""

    def class_index(self, index: int) -> int:
        if self._source.kind != "text":
            return self._source.class_index(index)
        return self._classes[self._source.text(index)]

    def content_hash(self, index: int) -> bytes:
        own = self._source.content_hash(index) + self._rows[index].tobytes()
        return hashlib.blake2b(own, digest_size=16).digest()

    def texts(self, indices: Indices) -> list[str]:
        return [""] * len(indices)

    def facts(self, progress: Progress = SILENT, indices: Indices | None = None) -> Facts:
        """As `Source.facts`, with the content hashes of the pictures and their vectors together."""
        chosen = np.arange(len(self)) if indices is None else indices
        facts = self._source.facts(progress, indices)
        pairs = zip(facts.contents(), self._rows[chosen], strict=True)
        hashes = [hashlib.blake2b(content + row.tobytes(), digest_size=16).digest() for content, row in pairs]
        return replace(facts, content=np.frombuffer(b"".join(hashes), np.uint64).reshape(facts.content.shape))
