"""Checks that sources share no images, and makes a fingerprint of a source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.sources.base import Source, text_blocks
from crnn_deploy.errors import InputError


def check_disjoint(sources: Mapping[str, Source]) -> None:
    """Raise `InputError` if two of the sources, named by their role, share images with the same content."""
    for first, second in combinations(sources, 2):
        shared = shared_contents(sources[first].facts(), sources[second].facts())
        if shared:
            raise InputError(
                f"The {first} and {second} sets share {len(set(shared.values()))} images, such as "
                f"{sources[second].item_name(min(shared))}.",
                "Figures on images that a model was trained or calibrated on are too good.",
                "Take the shared images out of one of the two.",
            )


def shared_contents(first: Facts, second: Facts) -> dict[int, bytes]:
    """The contents of the images of the second that the first holds too, by the indices of these images."""
    likely = np.flatnonzero(np.isin(second.content[:, 0], first.content[:, 0]))
    if not len(likely):
        return {}
    known = set(first[np.flatnonzero(np.isin(first.content[:, 0], second.content[likely, 0]))].contents())
    contents = zip(likely.tolist(), second[likely].contents(), strict=True)
    return {index: content for index, content in contents if content in known and any(content)}


def fingerprint(source: Source) -> str:
    """Hex digest of all images and labels, which depends on their order."""
    digest = hashlib.blake2b(source.facts().content.tobytes(), digest_size=16)
    if source.kind == "class":
        digest.update(np.array([source.class_index(index) for index in range(len(source))], np.int32).tobytes())
    if source.kind == "text":
        for _, texts in text_blocks(source):
            digest.update("\0".join([*texts, ""]).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
