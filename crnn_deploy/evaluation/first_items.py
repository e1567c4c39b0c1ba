"""The beginning of a source, for quick looks at large data."""

from __future__ import annotations

from PIL import Image

from crnn_deploy.data.source import Kind, Source


class FirstItems:
    """A `Source` of the first `limit` items of another, or of all where there are fewer."""

    def __init__(self, source: Source, limit: int) -> None:
        self._source = source
        self._count = min(limit, len(source))

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
        return self._count

    def item_name(self, index: int) -> str:
        return self._source.item_name(index)

    def text(self, index: int) -> str:
        return self._source.text(index)

    def class_index(self, index: int) -> int:
        return self._source.class_index(index)

    def image(self, index: int) -> Image.Image:
        return self._source.image(index)

    def content_hash(self, index: int) -> bytes:
        return self._source.content_hash(index)
