"""Batches of images of one size, so that no result depends on the other images of its batch.

The size is the padded width, or the number of stills of clips.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput, beside, vectors_of
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sizes import input_sizes
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.errors import InputError
from crnn_deploy.ranks import ALONE, Ranks

_THREADS = 2
_AHEAD = 4  # batches that are decoded in advance


@dataclass(frozen=True)
class Batch:
    """Images `[N, C, H, W]` or clips `[N, T, C, H, W]`, with vectors where the model takes them, and their indices."""

    indices: list[int]
    images: NetworkInput


def batches(
    source: Source,
    preprocessor: Preprocessor,
    batch_size: int,
    skipped: list[int] | None = None,
    widest: int | None = None,
    ranks: Ranks = ALONE,
) -> Iterator[Batch]:
    """Every image once, narrow ones or short clips first, up to `batch_size` of one size at a time.

    Args:
        skipped: receives the indices of broken images, which are left out; if it is None, they raise an error.
        widest: images of a larger size come one by one, so that a batch of them does not fill the memory.
        ranks: among which the batches are dealt, whole.

    Raises:
        InputError: naming the first broken image, or if the source lacks a vector that the model takes.
    """
    return loaded(source, preprocessor, ranks.deal(chunks(source, preprocessor, batch_size, widest)), skipped)


def chunks(
    source: Source, preprocessor: Preprocessor, batch_size: int, widest: int | None = None
) -> Iterator[list[int]]:
    """The indices of each batch; the arguments are those of `batches`."""
    sizes = input_sizes(source, preprocessor.preprocessing)
    order = np.argsort(sizes, kind="stable")
    lengths, counts = np.unique(sizes, return_counts=True)
    for length, alike in zip(lengths.tolist(), np.split(order, np.cumsum(counts)[:-1]), strict=True):
        size = batch_size if widest is None or length <= widest else 1
        yield from (alike[start : start + size].tolist() for start in range(0, len(alike), size))


def loaded(
    source: Source, preprocessor: Preprocessor, batches: Iterable[list[int]], skipped: list[int] | None = None
) -> Iterator[Batch]:
    """The batches of these indices, loaded in advance; other arguments and errors are those of `batches`."""
    vectors = vectors_of(source, preprocessor.preprocessing)
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[tuple[list[int], list[Future[NDArray[np.float32]]]]] = deque()
        for chunk in batches:
            waiting.append((chunk, [pool.submit(_load, source, preprocessor, index) for index in chunk]))
            if len(waiting) > _AHEAD:
                yield from _finish(*waiting.popleft(), vectors, skipped)
        while waiting:
            yield from _finish(*waiting.popleft(), vectors, skipped)


def _load(source: Source, preprocessor: Preprocessor, index: int) -> NDArray[np.float32]:
    return preprocessor(source.image(index), title(source, index))


def _finish(
    chunk: list[int],
    loading: list[Future[NDArray[np.float32]]],
    vectors: NDArray[np.float32] | None,
    skipped: list[int] | None,
) -> Iterator[Batch]:
    """The batch of a chunk; none if all its images are broken."""
    loaded = {}
    for index, future in zip(chunk, loading, strict=True):
        try:
            loaded[index] = future.result()
        except InputError:
            if skipped is None:
                raise
            skipped.append(index)
    if loaded:
        indices = list(loaded)
        yield Batch(indices, beside(np.stack(list(loaded.values())), None if vectors is None else vectors[indices]))
