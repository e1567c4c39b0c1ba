"""Checks that sources share no images, and makes a fingerprint of a source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Source, fact_blocks, text_blocks
from crnn_deploy.errors import InputError


def check_disjoint(sources: Mapping[str, Source]) -> None:
    """Raise `InputError` if two of the sources, named by their role, share images with the same content."""
    for first, second in combinations(sources, 2):
        facts = sources[second].facts()
        shared = np.flatnonzero(shared_images(facts, sources[first].facts()))
        if len(shared):
            raise InputError(
                f"The {first} and {second} sets share {len(np.unique(facts.content[shared, 0]))} images, such as "
                f"{sources[second].item_name(int(shared[0]))}.",
                "Figures on images that a model was trained or calibrated on are too good.",
                "Take the shared images out of one of the two.",
            )


def shared_images(facts: Facts, others: Facts) -> NDArray[np.bool_]:
    """Whether each of `N` images is among the others by its content, `[N]`; files that can't be read are not.

    It tells contents apart by 8 bytes of their hash, as `Facts.groups` does.
    """
    found: NDArray[np.bool_] = np.isin(facts.content[:, 0], others.content[:, 0]) & facts.content.any(axis=1)
    return found


def digest_of_contents(source: Source) -> hashlib.blake2b:
    """A digest of all images, which depends on their order."""
    digest = hashlib.blake2b(digest_size=16)
    for facts in fact_blocks(source):
        digest.update(facts.content.tobytes())
    return digest


def fingerprint(source: Source) -> str:
    """Hex digest of all images and labels, which depends on their order."""
    digest = digest_of_contents(source)
    if source.kind == "class":
        digest.update(np.array([source.class_index(index) for index in range(len(source))], np.int32).tobytes())
    if source.kind == "text":
        for _, texts in text_blocks(source):
            digest.update("\0".join([*texts, ""]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
