"""Sources of encoded images (PNG, JPEG, …) from any kind of container."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.index.extents import Places
from crnn_deploy.data.index.facts import Fact, Facts, Indices
from crnn_deploy.data.index.keeping import KEPT_FROM, IndexHome, KeptIndex
from crnn_deploy.data.index.measuring import fact_of_file
from crnn_deploy.data.index.rows import Item, Rows
from crnn_deploy.data.index.strings import Names, Strings
from crnn_deploy.data.picture import open_image
from crnn_deploy.data.sources.base import Kind, broken_image, title
from crnn_deploy.data.sources.container import ByName, Container
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.data.sources.vectors import NO_NUMBERS, Numbers
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)


def is_image(name: str) -> bool:
    """Whether a file of this name or path counts as an image; hidden files, such as macOS's `._0.png`, do not."""
    path = PurePosixPath(name)
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


class EncodedSource(Measured):
    """A `Source` over encoded images.

    Args:
        rows: name and label of each image, in order.
        read: returns the encoded bytes of one item; it is called from several threads.
        numbers: that stand beside the images.
        locate: finds where all images are, so that they are read faster and the index can be kept; None if it can't.
        facts: of all images, where they are known.

    Raises:
        InputError: if there are no images.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        rows: Rows,
        read: Callable[[int], bytes],
        class_names: tuple[str, ...] = (),
        numbers: Numbers = NO_NUMBERS,
        locate: Callable[[], Places | None] = lambda: None,
        facts: Facts | None = None,
    ) -> None:
        if not len(rows):
            raise InputError(f"{name} is empty: it holds no images.", fix="Check the path.")
        self.name = name
        self.kind: Kind = kind
        self.class_names = class_names
        self._rows = rows
        self._numbers = numbers
        self._read = read
        self._locate = locate
        self._facts = facts
        self._home: IndexHome | None = None
        self._notes: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def item_name(self, index: int) -> str:
        return self._rows.names[index]

    def text(self, index: int) -> str:
        return self._rows.text(index)

    def class_index(self, index: int) -> int:
        return self._rows.class_index(index)

    def texts(self, indices: Indices) -> list[str]:
        return self._rows.texts_at(indices)

    def encoded(self, index: int) -> bytes:
        """The bytes of an image's file. Raises `InputError` naming the item if they can't be read."""
        try:
            return self._read(index)
        except OSError as error:
            raise broken_image(title(self, index), str(error)) from None

    def image(self, index: int) -> Image.Image:
        return open_image(self.encoded(index), title(self, index))

    def content_hash(self, index: int) -> bytes:
        return hashlib.blake2b(self.encoded(index), digest_size=16).digest()

    def kept_by(self, home: IndexHome, told: Sequence[str]) -> EncodedSource:
        """This source, whose index will be kept once it is made, if it has many images and no numbers beside them.

        It is kept once: that of the only file of a folder is not kept for the folder, too.

        Args:
            told: what was said when it was opened.
        """
        if len(self) >= KEPT_FROM and self._facts is None and self._home is None and not self._numbers.names:
            home.stamp()  # before the images are looked at
            self._home = home
            # Now: of a shard that lacks the last classes the names change, and its own are kept.
            self._notes = {"name": self.name, "kind": self.kind, "told": list(told), "class_names": self.class_names}
        return self

    def _measure(self, progress: Progress) -> Facts:
        places = self._locate()
        if places is not None:
            self._read = places
        facts = super()._measure(progress)
        if places is not None and self._home is not None:
            rows = self._rows
            names = rows.names if isinstance(rows.names, Strings) else None
            self._home.keep(KeptIndex(facts, places.columns(), names, rows.texts, rows.classes, self._notes))
        return facts

    def _fact(self, index: int) -> Fact:
        return fact_of_file(partial(self._read, index))

    @property
    def vector_names(self) -> tuple[str, ...]:
        return self._numbers.names

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return self._numbers.rows(names, self.name)


def of_files(
    files: Container,
    kind: Kind,
    items: Sequence[Item],
    class_names: tuple[str, ...] = (),
    numbers: Numbers = NO_NUMBERS,
) -> EncodedSource:
    """The source of images that are files of a container, by their names in it."""
    rows = Rows.of(items)
    locate = partial(files.places, rows.names)
    return EncodedSource(files.name, kind, rows, ByName(files, rows.names), class_names, numbers, locate)


def of_kept(kept: KeptIndex, names: Names, read: Places, progress: Progress) -> EncodedSource:
    """The source of a kept index; what was said when it was opened is said again."""
    for sentence in kept.notes["told"]:
        progress.log(sentence)
    rows, notes = Rows(names, kept.texts, kept.classes), kept.notes
    return EncodedSource(notes["name"], notes["kind"], rows, read, tuple(notes["class_names"]), facts=kept.facts)
