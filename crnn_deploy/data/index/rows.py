"""The names and labels of the images of a source, by columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.strings import Names, Strings


@dataclass(frozen=True)
class Item:
    """One image and its label: the `text` of a line, the `class_index` of a class, or neither."""

    name: str
    text: str = ""
    class_index: int = -1


@dataclass(frozen=True)
class Rows:
    """`N` images; `texts` or `classes` `[N]` are None where the images have no such labels."""

    names: Names
    texts: Strings | None = None
    classes: NDArray[np.int32] | None = None

    @classmethod
    def of(cls, items: Sequence[Item]) -> Rows:
        """The columns of some items."""
        texts = Strings.of(item.text for item in items)
        classes = np.array([item.class_index for item in items], np.int32)
        return cls(
            Strings.of(item.name for item in items),
            texts if texts.data.any() else None,
            classes if len(classes) and classes.max() >= 0 else None,
        )

    def __len__(self) -> int:
        return len(self.names)

    def text(self, index: int) -> str:
        """The text of a line; empty where it has none."""
        return "" if self.texts is None else self.texts[index]

    def class_index(self, index: int) -> int:
        """The class of an image; -1 where it has none."""
        return -1 if self.classes is None else int(self.classes[index])

    def texts_at(self, indices: NDArray[np.integer[Any]]) -> list[str]:
        """`text` of many images at once."""
        return [""] * len(indices) if self.texts is None else self.texts.at(indices)
