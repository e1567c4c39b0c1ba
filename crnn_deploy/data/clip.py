"""A clip: several stills in their order, such as a video or the slices of a volume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from crnn_deploy import limits
from crnn_deploy.errors import InputError


@dataclass(frozen=True)
class Clip:
    """The stills of a clip, which are opened when they are needed.

    Attributes:
        count: of stills.
        read: opens the stills of these ascending indices, one after the other; each may be used until the next is
            asked for. It raises `InputError` naming the clip where one is broken.
    """

    count: int
    read: Callable[[Sequence[int]], Iterator[Image.Image]]

    def first(self) -> Image.Image:
        """The first still."""
        return next(self.read([0]))


ImageOrClip = Image.Image | Clip


def broken_clip(name: str, reason: object, fix: str = "") -> InputError:
    """The error for a clip that can't be read."""
    return InputError(
        f"The clip {name} is broken: {reason}.",
        "A file of it is truncated, damaged or something else.",
        fix or "Repair or remove it; evaluate, predict, train, distill and quantize can leave it out with --skip-bad.",
    )


def check_count(name: str, count: int) -> None:
    """Raise `InputError` unless a clip has as many stills as a clip can have."""
    if count == 0:
        raise InputError(f"The clip {name} holds no stills.", "It is empty.", "Put its stills there, or remove it.")
    if count > limits.MAX_STILLS:
        raise InputError(
            f"The clip {name} has more than {limits.MAX_STILLS:,} stills.",
            f"At most {limits.MAX_STILLS:,} are read.",
            "Cut it into shorter clips.",
        )
