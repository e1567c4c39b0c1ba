"""Checks that sources share no images, and makes a fingerprint of a source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import combinations

from crnn_deploy.data.sources.base import Source
from crnn_deploy.errors import InputError


def check_disjoint(sources: Mapping[str, Source]) -> None:
    """Raise `InputError` if two of the sources, named by their role, share images with the same content."""
    hashes = {
        role: {source.content_hash(index): index for index in range(len(source))} for role, source in sources.items()
    }
    for first, second in combinations(sources, 2):
        shared = hashes[first].keys() & hashes[second].keys()
        if shared:
            example = min(hashes[second][content] for content in shared)
            names = sources[second].item_name(example)
            raise InputError(
                f"The {first} and {second} sets share {len(shared)} images, such as {names}.",
                "Figures on images that a model was trained or calibrated on are too good.",
                "Take the shared images out of one of the two.",
            )


def fingerprint(source: Source) -> str:
    """Hex digest of all images and labels, which depends on their order."""
    digest = hashlib.blake2b(digest_size=16)
    for index in range(len(source)):
        digest.update(source.content_hash(index))
        digest.update(f"{source.text(index)}\0{source.class_index(index)}\0".encode())
    return digest.hexdigest()
