"""What a network takes: images, and for some classifiers the vector beside each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sizes import input_sizes
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing

Array = NDArray[np.float32]


@dataclass(frozen=True)
class WithVectors:
    """Pictures `[N, C, H, W]`, and the normalised vector beside each of them, `[N, K]`: both inputs of a network."""

    images: Array
    vectors: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, C, H, W)`."""
        return self.images.shape

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: slice) -> WithVectors:
        return WithVectors(self.images[part], self.vectors[part])


NetworkInput = Array | WithVectors
"""A batch for a network: images `[N, C, H, W]`, or these with their vectors."""


def arrays_of(batch: NetworkInput) -> tuple[Array, ...]:
    """The arrays of a batch, in the order of the network's inputs."""
    return (batch.images, batch.vectors) if isinstance(batch, WithVectors) else (batch,)


def each_array(batch: NetworkInput, change: Callable[[Array], Array]) -> NetworkInput:
    """The batch with each of its arrays changed."""
    return WithVectors(change(batch.images), change(batch.vectors)) if isinstance(batch, WithVectors) else change(batch)


def beside(images: Array, vectors: Array | None) -> NetworkInput:
    """The batch of these images and of their vectors, where there are some."""
    return images if vectors is None else WithVectors(images, vectors)


def vectors_of(source: Source, preprocessing: Preprocessing) -> Array | None:
    """The normalised vectors beside all images of a source, `[N, K]`; None for a model that takes none.

    Raises:
        InputError: if the source lacks a number of the vector, or one is no finite number or far out of range.
    """
    if not preprocessing.vector:
        return None
    numbers = source.vectors(preprocessing.vector_names)
    return _normalised(numbers, preprocessing, lambda index: title(source, index))


def vector_beside(numbers: Mapping[str, float], preprocessing: Preprocessing, name: str) -> Array:
    """The normalised vector of one image, `[1, K]`, from its numbers by their names.

    Args:
        name: of the image in messages.

    Raises:
        InputError: if a number is missing or unknown, or is no finite number or far out of range.
    """
    names = preprocessing.vector_names
    if set(numbers) != set(names):
        given, taken = (", ".join(sorted(each)) or "none" for each in (numbers, names))
        raise InputError(
            f"The numbers beside {name} are {given}.", f"The model takes {taken}.", "Give each of these a number."
        )
    try:
        row = np.array([[numbers[each] for each in names]], np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"A number beside {name} is none: {error}.", fix="Give numbers.") from None
    return _normalised(row, preprocessing, lambda _: name)


def _normalised(rows: NDArray[np.float64], preprocessing: Preprocessing, title_of: Callable[[int], str]) -> Array:
    mean, std = ([getattr(number, part) for number in preprocessing.vector] for part in ("mean", "std"))
    with np.errstate(over="ignore"):
        normalised: Array = ((rows - mean) / std).astype(np.float32)
    if not np.isfinite(normalised).all():
        index, column = np.argwhere(~np.isfinite(normalised))[0]
        raise InputError(
            f"{preprocessing.vector_names[column]} of {title_of(int(index))} is too large a number.",
            f"The training images have {mean[column]:g} on average, with a deviation of {std[column]:g}.",
            "Correct it.",
        )
    return normalised


def noise_vectors(random: np.random.Generator, count: int, preprocessing: Preprocessing) -> Array | None:
    """Vectors `[count, K]` as random as normalised ones are; None for a model that takes none."""
    numbers = len(preprocessing.vector)
    return random.standard_normal((count, numbers), np.float32) if numbers else None


def input_shapes(shape: Sequence[int], preprocessing: Preprocessing) -> tuple[tuple[int, ...], ...]:
    """Shapes of all inputs of a network for images of `shape` `(N, C, H, W)`."""
    numbers = len(preprocessing.vector)
    return (tuple(shape), (shape[0], numbers)) if numbers else (tuple(shape),)


@dataclass(frozen=True)
class NetworkInputs:
    """The images of a source, preprocessed one by one each time that they are iterated over."""

    source: Source
    preprocessing: Preprocessing

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[NetworkInput]:
        """Each image, or clip, as a batch of its own: on a CPU larger batches are no faster, only larger."""
        preprocessor = Preprocessor(self.preprocessing)
        for index in range(len(self.source)):
            yield self._batch(index, preprocessor)

    def median(self) -> NetworkInput:
        """The image of median width, or the clip of median length, as a batch of its own."""
        preprocessor = Preprocessor(self.preprocessing)
        sizes = input_sizes(self.source, self.preprocessing)
        return self._batch(int(np.argsort(sizes, kind="stable")[(len(sizes) - 1) // 2]), preprocessor)

    @cached_property
    def _vectors(self) -> Array | None:
        return vectors_of(self.source, self.preprocessing)

    def _batch(self, index: int, preprocessor: Preprocessor) -> NetworkInput:
        image = preprocessor(self.source.image(index), title(self.source, index))[np.newaxis]
        return beside(image, None if self._vectors is None else self._vectors[index : index + 1])
