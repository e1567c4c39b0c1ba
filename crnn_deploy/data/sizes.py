"""The sizes that the images of a source have for a network, from the index instead of the images."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source, fact_blocks, title
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing


def input_sizes(source: Source, preprocessing: Preprocessing) -> NDArray[np.int32]:
    """Size of the input for each image, `[N]`: its padded width in pixels, or the stills of a clip.

    Images are opened only where the network sees clips, and decoded only where the center line decides. The size of an
    image that is broken, or is no clip where the network sees clips, means nothing: loading it raises the error.
    """
    if preprocessing.clips is None and not preprocessing.centerline:
        return _by_size(source, preprocessing.padded_width)
    return _opened(source, Preprocessor(preprocessing).size)


def squeezes(source: Source, preprocessing: Preprocessing) -> NDArray[np.int32]:
    """Whether each image is squeezed, `[N]`; only where the center line decides are they decoded."""
    if not preprocessing.centerline:
        return _by_size(source, preprocessing.squeezes)
    return _opened(source, Preprocessor(preprocessing).squeezes)


def _by_size(source: Source, function: Callable[[int, int], int]) -> NDArray[np.int32]:
    sizes, start = np.empty(len(source), np.int32), 0
    for facts in fact_blocks(source):
        sizes[start : start + len(facts)] = facts.by_size(function)
        start += len(facts)
    return sizes


def _opened(source: Source, function: Callable[[ImageOrClip, str], int]) -> NDArray[np.int32]:
    sizes = np.zeros(len(source), np.int32)
    for index in range(len(source)):
        with suppress(InputError):
            sizes[index] = function(source.image(index), title(source, index))
    return sizes
