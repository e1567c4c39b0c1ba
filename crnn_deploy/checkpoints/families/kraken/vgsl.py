"""The blocks of a network in VGSL, as kraken's specifications write them: `[1,48,0,1 Cr3,3,32 Mp2,2 … O1c80]`.

VGSL is described in Tesseract's documentation ("Variable-size Graph Specification Language") and, with its own blocks,
in kraken's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible
from crnn_deploy.limits import MAX_LISTED_LAYERS

_LARGEST = r"\d{1,6}"
_INPUT = re.compile(rf"({_LARGEST}),({_LARGEST}),({_LARGEST}),({_LARGEST})")
_BLOCK = re.compile(r"(?P<kind>C[a-z]+|L[a-z]+|G[frb][a-z]+|Gn|Mp|S|Do|I|O)(\{(?P<name>\w{1,64})\})?(?P<rest>.*)")
_PREFIX = {"C": "C", "L": "L", "G": "G", "M": "Mp", "S": "S", "D": "Do", "I": "I", "O": "O"}
_UNREADABLE = {
    "(": "parallel branches are not supported",
    "[": "nested series are not supported",
    "A": "additions of slices are not supported",
    "W": "it belongs to pretraining, after which it has no use",
    "CT": "transposed convolutions are of segmentation models",
}


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        text: as it is written.
        kind: its letters, such as `Cr`, `Lbx` or `O`.
        name: of its layer, which the names of its weights begin with.
        rest: what stands behind letters and name, such as `3,3,32`.
    """

    text: str
    kind: str
    name: str
    rest: str

    def integers(self, pattern: str) -> list[int | None]:
        """The groups of `pattern`, which must fit `rest`, as integers. Raises `InputError` if it does not fit."""
        found = re.fullmatch(pattern.replace("#", f"({_LARGEST})"), self.rest)
        if found is None:
            raise self.refused("it is not written as kraken writes such a block")
        return [None if group is None else int(group) for group in found.groups()]

    def refused(self, reason: str) -> InputError:
        """The error that this block can't be imported."""
        return refused(self.text, reason)


@dataclass(frozen=True)
class Network:
    """A network: the size of its input in pixels, 0 where it varies, and its blocks."""

    height: int
    width: int
    channels: int
    blocks: tuple[Block, ...]


def parse_vgsl(text: str) -> Network:
    """Take a specification apart.

    Raises:
        InputError: naming the block that is not understood or cannot be imported.
    """
    if len(text) > 64 * MAX_LISTED_LAYERS or not (text.strip().startswith("[") and text.strip().endswith("]")):
        raise refused(text, "it is not a series of blocks within brackets")
    first, *rest = text.strip()[1:-1].split(" ")
    size = _INPUT.match(first)
    if size is None:
        raise refused(first, "it is not the size of an input: batch, height, width and channels")
    _, height, width, channels = map(int, size.groups())
    return Network(height, width, channels, tuple(_block(block, index) for index, block in enumerate(rest)))


def refused(block: str, reason: str) -> InputError:
    """The error that a block of a network can't be imported."""
    return InputError(f"The block `{visible(block[:80])}` of this VGSL network cannot be imported: {reason}.")


def _block(text: str, index: int) -> Block:
    for start, reason in _UNREADABLE.items():
        if text.startswith(start):
            raise refused(text, reason)
    found = _BLOCK.fullmatch(text)
    if found is None:
        raise refused(text, "kraken has no such block")
    kind = found["kind"]
    prefix = "Gn" if kind == "Gn" else _PREFIX[kind[0]]
    return Block(text, kind, found["name"] or f"{prefix}_{index}", found["rest"])
