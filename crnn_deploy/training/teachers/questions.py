"""Which images a teacher is asked for at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from crnn_deploy.data.batching import chunks
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.preprocessing import Preprocessing

BATCH_SIZE = 16


def questions(source: Source, missing: Sequence[int], seen: Preprocessing) -> Iterator[list[int]]:
    """Batches of the missing images of a source, by their indices.

    They are those of the whole source as far as all images of a batch are missing: then a teacher answers to the last
    digit as if it had not been interrupted, and as if it were one process. The other images get batches of their own.
    """
    preprocessor = Preprocessor(seen)
    lacks = np.zeros(len(source), np.bool_)
    lacks[missing] = True
    for batch in chunks(source, preprocessor, BATCH_SIZE, seen.widest):
        if lacks[batch].all():
            lacks[batch] = False
            yield batch
    rest = np.flatnonzero(lacks)
    if len(rest):
        for batch in chunks(Subset(source, rest), preprocessor, BATCH_SIZE, seen.widest):
            yield rest[batch].tolist()
