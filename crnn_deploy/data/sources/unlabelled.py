"""A source without its labels."""

from __future__ import annotations

from crnn_deploy.data.index.facts import Indices
from crnn_deploy.data.sources.base import Kind, Source
from crnn_deploy.data.sources.subset import Subset


class Unlabelled(Subset):
    """The images of another `Source` without its labels."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, range(len(source)))

    @property
    def kind(self) -> Kind:
        return "unlabelled"

    @property
    def class_names(self) -> tuple[str, ...]:
        return ()

    def text(self, index: int) -> str:
        return ""

    def texts(self, indices: Indices) -> list[str]:
        return [""] * len(indices)

    def class_index(self, index: int) -> int:
        return -1
