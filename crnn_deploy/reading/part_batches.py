"""Runs the parts of many images, those of one size together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from crnn_deploy.data.network_inputs import Array, NetworkInput, beside
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.read_images import check_outputs
from crnn_deploy.reading.seen import Part, View
from crnn_deploy.runtime.session import Session

_Place = tuple[int, int]  # number of an image, and of the part in it


def outputs_of(session: Session, named: Sequence[tuple[str, View]], batch_size: int) -> list[list[Array]]:
    """What a network says of each part of each view, `[1, T, K]` or `[1, K]`.

    Args:
        named: views, each with the name of its image in messages.
        batch_size: parts of one size that run together.

    Raises:
        InputError: if the network fails, or its outputs don't fit the spec.
        GateError: naming the image, if the network gives numbers that are not finite.
    """
    outputs: dict[_Place, Array] = {}
    for places in _batches([view for _, view in named], session.spec.preprocessing, batch_size):
        logits = session.run(_input([named[number][1].parts[part] for number, part in places]))
        names = [named[number][0] for number, _ in places]
        check_outputs(logits, session.spec, names.__getitem__)
        outputs.update((place, logits[at : at + 1]) for at, place in enumerate(places))
    return [[outputs[number, part] for part in range(len(view.parts))] for number, (_, view) in enumerate(named)]


def _batches(views: Sequence[View], seen: Preprocessing, batch_size: int) -> Iterator[list[_Place]]:
    """Parts of one size, up to `batch_size` of them; large ones alone, so that they don't fill the memory."""
    by_shape: dict[tuple[int, ...], list[_Place]] = {}
    for number, view in enumerate(views):
        for part, each in enumerate(view.parts):
            by_shape.setdefault(each.pixels.shape, []).append((number, part))
    for shape, alike in by_shape.items():
        size = batch_size if shape[seen.size_axis - 1] <= seen.widest else 1
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def _input(parts: Sequence[Part]) -> NetworkInput:
    vectors = [part.vector for part in parts if part.vector is not None]
    pixels = [part.pixels for part in parts]
    images = pixels[0][np.newaxis] if len(pixels) == 1 else np.stack(pixels)  # one is not copied
    return beside(images, np.concatenate(vectors) if vectors else None)
