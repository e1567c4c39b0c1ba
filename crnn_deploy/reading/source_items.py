"""The images of a source, as a `Reader` takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.network_inputs import vectors_of
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.reader import Item


class SourceItems:
    """The images of a source with the vectors beside them, for a model that takes some.

    Raises:
        InputError: if the source lacks a number of the vector, or one is no finite number or far out of range.
    """

    def __init__(self, source: Source, seen: Preprocessing) -> None:
        self.source = source
        self._vectors = vectors_of(source, seen)

    def of(self, indices: Iterable[int], open_image: Callable[[int], ImageOrClip] | None = None) -> Iterator[Item]:
        """The images of some indices.

        Args:
            open_image: opens the image of an index; None: the source does.
        """
        for index in indices:
            vector = None if self._vectors is None else self._vectors[index : index + 1]
            yield Item(title(self.source, index), partial(open_image or self.source.image, index), vector)

    def names(self, indices: range) -> Iterator[tuple[str, str]]:
        """Title and name of each image, for remarks on them."""
        return ((title(self.source, index), self.source.item_name(index)) for index in indices)
