"""A source of images in the form that a network takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.preprocessing import Preprocessing


@dataclass(frozen=True)
class NetworkInputs:
    """The images of a source, preprocessed one by one each time that they are iterated over."""

    source: Source
    preprocessing: Preprocessing

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Each image, or clip, as a batch of its own: on a CPU larger batches are no faster, only larger."""
        preprocessor = Preprocessor(self.preprocessing)
        for index in range(len(self.source)):
            yield preprocessor(self.source.image(index), title(self.source, index))[np.newaxis]

    def median(self) -> NDArray[np.float32]:
        """The image of median width, or the clip of median length, as a batch of its own."""
        preprocessor, source = Preprocessor(self.preprocessing), self.source
        sizes = [preprocessor.size(source.image(index), title(source, index)) for index in range(len(source))]
        index = int(np.argsort(sizes, kind="stable")[(len(sizes) - 1) // 2])
        return preprocessor(source.image(index), title(source, index))[np.newaxis]
