"""Sources of encoded images (PNG, JPEG, …) from any kind of container."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.index.facts import Fact
from crnn_deploy.data.index.measuring import fact_of_file
from crnn_deploy.data.picture import open_image
from crnn_deploy.data.sources.base import Kind, broken_image, title
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.data.sources.vectors import NO_NUMBERS, Numbers
from crnn_deploy.errors import InputError

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)


def is_image(name: str) -> bool:
    """Whether a file of this name or path counts as an image; hidden files, such as macOS's `._0.png`, do not."""
    path = PurePosixPath(name)
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


@dataclass(frozen=True)
class Item:
    """One image and its label: the `text` of a line, the `class_index` of a class, or neither."""

    name: str
    text: str = ""
    class_index: int = -1


class EncodedSource(Measured):
    """A `Source` over encoded images.

    Args:
        items: name and label of each image, in order.
        read: returns the encoded bytes of one item; it is called from several threads.
        numbers: that stand beside the images.

    Raises:
        InputError: if there are no items.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        items: Sequence[Item],
        read: Callable[[int], bytes],
        class_names: tuple[str, ...] = (),
        numbers: Numbers = NO_NUMBERS,
    ) -> None:
        if not items:
            raise InputError(f"{name} is empty: it holds no images.", fix="Check the path.")
        self.name = name
        self.kind: Kind = kind
        self.class_names = class_names
        self._items = items
        self._numbers = numbers
        self._read = read

    def __len__(self) -> int:
        return len(self._items)

    def item_name(self, index: int) -> str:
        return self._items[index].name

    def text(self, index: int) -> str:
        return self._items[index].text

    def class_index(self, index: int) -> int:
        return self._items[index].class_index

    def image(self, index: int) -> Image.Image:
        try:
            data = self._read(index)
        except OSError as error:
            raise broken_image(title(self, index), str(error)) from None
        return open_image(data, title(self, index))

    def content_hash(self, index: int) -> bytes:
        try:
            return hashlib.blake2b(self._read(index), digest_size=16).digest()
        except OSError as error:
            raise broken_image(title(self, index), str(error)) from None

    def _fact(self, index: int) -> Fact:
        return fact_of_file(partial(self._read, index))

    @property
    def vector_names(self) -> tuple[str, ...]:
        return self._numbers.names

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return self._numbers.rows(names, self.name)
