"""Images and classes in arrays."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy import limits
from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Kind
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.data.sources.vectors import NO_NUMBERS, Numbers
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress


class ArraySource(Measured):
    """A `Source` over uint8 images `[N, H, W]` or `[N, H, W, 3]` with classes `[N]`, or without labels."""

    ITEMS = "images"
    ROWS = 1  # axis of the rows of an image
    FIX = "Store uint8 images as [N, H, W], [N, H, W, 1] or [N, H, W, 3]; clips as [N, T, H, W, 1] or [N, T, H, W, 3]."

    def __init__(
        self,
        name: str,
        images: NDArray[np.uint8],
        classes: NDArray[np.integer] | None,
        class_names: tuple[str, ...],
        numbers: Numbers = NO_NUMBERS,
    ) -> None:
        if images.dtype != np.uint8 or not self._has_shape(images):
            raise InputError(f"{name} holds {images.dtype} {self.ITEMS} of shape {images.shape}.", fix=self.FIX)
        if images.size == 0:
            raise InputError(f"{name} is empty: it holds no {self.ITEMS}.", fix="Check the path.")
        if classes is not None and classes.dtype.kind not in "iu":
            raise InputError(f"{name} holds labels of type {classes.dtype}.", fix="Store class numbers as integers.")
        if classes is not None and classes.shape != (len(images),):
            raise InputError(
                f"{name} holds {len(images)} {self.ITEMS}, but labels of shape {classes.shape}.",
                fix="Store one class number for each of them.",
            )
        if classes is not None and classes.min() < 0:
            raise InputError(f"{name} has class {classes.min()}.", fix="Number the classes from 0.")
        if classes is not None and classes.max() >= limits.MAX_CLASSES:
            raise InputError(
                f"{name} has class {classes.max()}, and a set can have {limits.MAX_CLASSES:,} classes.",
                "The labels are no class numbers, or they are damaged.",
                "Number the classes from 0.",
            )
        self.name = name
        self.kind: Kind = "unlabelled" if classes is None else "class"
        self._images = images
        self._classes = classes
        self._numbers = numbers
        self.class_names = () if classes is None else class_names or tuple(map(str, range(int(classes.max()) + 1)))
        if classes is not None and classes.max() >= len(self.class_names):
            raise InputError(
                f"{name} has class {classes.max()}, but only {len(self.class_names)} class names.",
                fix="Name every class, in the order of their numbers from 0.",
            )
        if twice := [each for each, count in Counter(self.class_names).items() if count > 1]:
            raise InputError(
                f"{name} has several classes called {twice[0]!r}.",
                "What a model names could not be told from the other.",
                "Give each class a name of its own in classes.txt.",
            )

    def __len__(self) -> int:
        return len(self._images)

    def item_name(self, index: int) -> str:
        return f"image {index}"

    def text(self, index: int) -> str:
        return ""

    def class_index(self, index: int) -> int:
        return -1 if self._classes is None else int(self._classes[index])

    def image(self, index: int) -> ImageOrClip:
        return picture_of(self._images[index])

    def content_hash(self, index: int) -> bytes:
        return hashlib.blake2b(self._images[index].tobytes(), digest_size=16).digest()

    def _measure(self, progress: Progress) -> Facts:
        """Arrays can't be broken, and all of their images have one size."""
        rows, columns = self._images.shape[self.ROWS : self.ROWS + 2]
        hashes = b"".join(self.content_hash(index) for index in range(len(self)))
        facts = Facts.empty(len(self))
        facts.width[:], facts.height[:] = columns, rows
        return replace(facts, content=np.frombuffer(hashes, np.uint64).reshape(facts.content.shape))

    @property
    def vector_names(self) -> tuple[str, ...]:
        return self._numbers.names

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return self._numbers.rows(names, self.name)

    def _has_shape(self, images: NDArray[np.uint8]) -> bool:
        return images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3))


def picture_of(pixels: NDArray[np.uint8]) -> Image.Image:
    """The picture of `[H, W]`, `[H, W, 1]` or `[H, W, 3]`."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)


def check_size(name: str, size: int, compressed: int) -> None:
    """Raise `InputError` if an array claims more bytes than its file can hold, or than an array can have.

    Args:
        size: in memory.
        compressed: bytes of the file that it is read from.
    """
    if size > limits.MAX_ARRAY:
        raise InputError(
            f"{name} claims {size:,} bytes, and an array can have {limits.MAX_ARRAY:,}.",
            "It is damaged, or too large to be read into memory.",
            "Make the file again, or keep the images in a folder or an LMDB.",
        )
    if size > max(limits.SMALL_INFLATION, limits.MAX_INFLATION * compressed):
        raise InputError(
            f"{name} claims {size:,} bytes, which were compressed to {compressed:,}.",
            f"Real images are not {limits.MAX_INFLATION} times smaller when they are compressed.",
            "Make the file again, without compression if that is so.",
        )
