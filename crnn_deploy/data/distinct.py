"""The different contents of a source, in an order in which a database finds them fast."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.facts import Contents
from crnn_deploy.data.sources.base import Source, fact_blocks

_FIRST = 256  # values of a byte
_PART = 1 << 20  # images


def distinct_contents(source: Source) -> Iterator[tuple[NDArray[np.int32], Contents]]:
    """Each content once, in the order of the hashes as bytes: the first image of it, and the hash.

    They come in parts of about a million, for each of which the facts of all images are gone through. Of contents whose
    first 8 bytes are the same some may come twice.
    """
    parts = min(_FIRST, -(-len(source) // _PART))
    for part in range(parts):
        indices, words = _in_part(source, part, parts)
        order = np.argsort(np.ascontiguousarray(words[:, 0]).view(">u8").astype(np.uint64))  # as of bytes
        indices, words = indices.take(order), words.take(order, axis=0)
        differs = np.ones(len(words), np.bool_)
        differs[1:] = (words[1:] != words[:-1]).any(axis=1)
        yield np.minimum.reduceat(indices, np.flatnonzero(differs)), Contents(words[differs])


def _in_part(source: Source, part: int, parts: int) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """The images whose hashes are in one of equal parts of all hashes by their first byte, and the hashes."""
    indices, words, start = [], [], 0
    for facts in fact_blocks(source):
        first = facts.content.view(np.uint8)[:, 0].astype(np.uint16)
        inside = np.flatnonzero(first * np.uint16(parts) // np.uint16(_FIRST) == part)
        indices.append((start + inside).astype(np.int32))
        words.append(facts.content.take(inside, axis=0))
        start += len(facts)
    return np.concatenate(indices), np.concatenate(words)
