"""Pictures of plates that join two real ones, cut between characters, so that few plates make many numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.data.sources.base import Source

# Frames of a teacher's first two characters lie close together, whatever their distance in the picture. So the first
# two cuts are those of the plate's measures, in shares of its width.
_FIRST_CUTS = 0.151, 0.29
CHARACTERS = 7

Rng = np.random.Generator


class Plate(NamedTuple):
    """A plate that the teacher reads as its label says."""

    text: str
    pixels: NDArray[np.float32]  # height × width, grey
    cuts: tuple[int, ...]  # columns between its characters


def plates(source: Source, teacher: Reader) -> list[Plate]:
    """Those of a source that can be cut."""
    found = []
    for index in range(len(source)):
        image = source.image(index).convert("L")
        reading = teacher(image)
        if reading.text == source.text(index) and len(reading.characters) == CHARACTERS:
            middles = [(character.left + character.right) / 2 for character in reading.characters]
            later = [round((one + next_) / 2) for one, next_ in pairwise(middles[2:])]
            first = [round(share * image.width) for share in _FIRST_CUTS]
            found.append(Plate(reading.text, np.asarray(image, np.float32), (*first, *later)))
    return found


def join(found: list[Plate], rng: Rng) -> tuple[str, Image.Image]:
    """The left part of one plate and the right part of another one, in the light of the first.

    A quarter is of other provinces than the most frequent one.
    """
    left, right = (found[i] for i in rng.choice(len(found), 2, replace=False))
    count = int(rng.integers(1, CHARACTERS))
    rare = [plate for plate in found if plate.text[0] != "皖"]
    if rare and rng.random() < 0.25:
        left, count = rare[rng.integers(len(rare))], int(rng.integers(1, 4))
    level, contrast = left.pixels.mean(), left.pixels.std()
    adapted = (right.pixels - right.pixels.mean()) / max(right.pixels.std(), 1) * contrast + level
    pixels = np.concatenate([left.pixels[:, : left.cuts[count - 1]], adapted[:, right.cuts[count - 1] :]], 1)
    return left.text[:count] + right.text[count:], Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
