"""Clips and classes in arrays."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.clip import Clip, check_count
from crnn_deploy.data.sources.arrays import ArraySource, picture_of
from crnn_deploy.data.sources.vectors import NO_NUMBERS, Numbers
from crnn_deploy.errors import InputError


class ClipArraySource(ArraySource):
    """A `Source` over uint8 clips `[N, T, H, W]` or `[N, T, H, W, 3]` with classes `[N]`, or without labels.

    Args:
        lengths: stills of each clip `[N]`, from 1 to T; None: all T.
    """

    ITEMS = "clips"
    ROWS = 2
    FIX = "Store uint8 clips as [N, T, H, W, 1] or [N, T, H, W, 3], or as [N, T, H, W] in an array named clips."

    def __init__(
        self,
        name: str,
        clips: NDArray[np.uint8],
        classes: NDArray[np.integer] | None,
        class_names: tuple[str, ...],
        lengths: NDArray[np.integer] | None,
        numbers: Numbers = NO_NUMBERS,
    ) -> None:
        super().__init__(name, clips, classes, class_names, numbers)
        check_count(f"{self.item_name(0)} in {name}", clips.shape[1])
        if lengths is not None:
            _check_lengths(name, lengths, clips)
        self._lengths = lengths

    def item_name(self, index: int) -> str:
        return f"clip {index}"

    def image(self, index: int) -> Clip:
        stills = self._stills(index)
        return Clip(len(stills), lambda indices: (picture_of(stills[still]) for still in indices))

    def content_hash(self, index: int) -> bytes:
        return hashlib.blake2b(self._stills(index).tobytes(), digest_size=16).digest()

    def _stills(self, index: int) -> NDArray[np.uint8]:
        return self._images[index] if self._lengths is None else self._images[index, : self._lengths[index]]

    def _has_shape(self, images: NDArray[np.uint8]) -> bool:
        return images.ndim == 4 or (images.ndim == 5 and images.shape[4] in (1, 3))


def _check_lengths(name: str, lengths: NDArray[np.integer], clips: NDArray[np.uint8]) -> None:
    if lengths.dtype.kind not in "iu" or lengths.shape != clips.shape[:1]:
        raise InputError(
            f"{name} holds {len(clips)} clips, but lengths of type {lengths.dtype} and shape {lengths.shape}.",
            fix="Store one whole number of stills for each clip.",
        )
    if lengths.min() < 1 or lengths.max() > clips.shape[1]:
        wrong = int(lengths.min() if lengths.min() < 1 else lengths.max())
        raise InputError(
            f"{name} has a clip of length {wrong}, and its array holds 1 to {clips.shape[1]} stills.",
            "The lengths belong to other clips, or are damaged.",
            "Make the file again.",
        )
