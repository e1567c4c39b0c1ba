"""A `Source`: labelled or unlabelled images with an index, a name and a hash of the content each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.index.facts import Facts, Indices
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress

Kind = Literal["text", "class", "unlabelled"]
_TEXTS = 1 << 14  # in a block
_FACTS = 1 << 16


class Source(Protocol):
    """Images with labels. Opening a source reads only its index; pixels are read when they are needed."""

    @property
    def name(self) -> str:
        """The path that it was opened from, for messages."""
        ...

    @property
    def kind(self) -> Kind: ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names by class index; empty unless `kind` is `class`."""
        ...

    def __len__(self) -> int: ...

    def item_name(self, index: int) -> str:
        """Name of one image in messages and reports, such as its path inside the source."""
        ...

    def text(self, index: int) -> str:
        """Text of a line; empty unless `kind` is `text`."""
        ...

    def class_index(self, index: int) -> int:
        """Class of an image; -1 unless `kind` is `class`."""
        ...

    def image(self, index: int) -> ImageOrClip:
        """The image, or the clip. It is decoded lazily: for its `size` only the header is read.

        Raises:
            InputError: naming the item, if its header is broken. Broken pixels raise an error when the image is
            decoded:
                use `crnn_deploy.data.preprocess.Preprocessor`, whose errors name the item too.
        """
        ...

    def content_hash(self, index: int) -> bytes:
        """16-byte BLAKE2b of the encoded image, or of its raw pixels if it is not encoded; of all of a clip."""
        ...

    def texts(self, indices: Indices) -> list[str]:
        """`text` of many images at once."""
        ...

    def facts(self, progress: Progress = SILENT, indices: Indices | None = None) -> Facts:
        """What is known of the images of these indices, or of all. Each image is opened once at most to learn it.

        Nothing is raised for broken images, which `Facts.broken` tells.
        """
        ...

    @property
    def vector_names(self) -> tuple[str, ...]:
        """Names of what stands beside each image in the source, and may be numbers; empty if there is nothing."""
        ...

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        """The numbers of these names beside all images, `[N, K]`.

        Raises:
            InputError: saying where, if one of them is missing, no number, or not finite.
        """
        ...


def fact_blocks(source: Source) -> Iterator[Facts]:
    """The facts of all images in blocks: those of a part of a large source are copies."""
    for start in range(0, len(source), _FACTS):
        yield source.facts(indices=np.arange(start, min(len(source), start + _FACTS)))


def text_blocks(source: Source) -> Iterator[tuple[int, list[str]]]:
    """The texts of all images in blocks, each with the index of its first."""
    for start in range(0, len(source), _TEXTS):
        yield start, source.texts(np.arange(start, min(len(source), start + _TEXTS)))


def title(source: Source, index: int) -> str:
    """Name of one image with its source, for messages."""
    return f"{source.item_name(index)} in {source.name}"


def broken_image(name: str, reason: object) -> InputError:
    """The error for an image whose header or pixels can't be read."""
    return InputError(
        f"The image {name} is broken: {reason}.",
        "The file is truncated, damaged or something else.",
        "Repair or remove it; evaluate, predict, train, distill and quantize can leave it out with --skip-bad.",
    )
