"""Runs the parts of many images, those of one size together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from crnn_deploy.data.network_inputs import Array, NetworkInput, beside
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.output_checks import check_outputs
from crnn_deploy.reading.seen import Part, View
from crnn_deploy.runtime.session import Session


def outputs_of(session: Session, named: Sequence[tuple[str, View]], batch_size: int) -> list[list[Array]]:
    """What a network says of each part of each view, `[T, K]` or `[K]`.

    Args:
        named: views, each with the name of its image in messages.
        batch_size: parts of one size that run together.

    Raises:
        InputError: if the network fails, or its outputs don't fit the spec.
        GateError: naming the image, if the network gives numbers that are not finite.
    """
    jobs = [(name, part) for name, view in named for part in view.parts]
    outputs: dict[int, Array] = {}
    for batch in _batches([part for _, part in jobs], session.spec.preprocessing, batch_size):
        logits = session.run(_input([jobs[number][1] for number in batch]))
        check_outputs(logits, session.spec, [jobs[number][0] for number in batch].__getitem__)
        outputs.update(zip(batch, logits, strict=True))
    in_order = map(outputs.__getitem__, range(len(jobs)))
    return [list(islice(in_order, len(view.parts))) for _, view in named]


def _batches(parts: Sequence[Part], seen: Preprocessing, batch_size: int) -> list[list[int]]:
    """The numbers of parts of one size; large ones run alone, so that they don't fill the memory."""
    if len(parts) == 1:
        return [[0]]
    alike: dict[tuple[int, ...], list[int]] = {}
    for number, part in enumerate(parts):
        alike.setdefault(part.pixels.shape, []).append(number)
    together = {shape: batch_size if shape[seen.size_axis - 1] <= seen.widest else 1 for shape in alike}
    return [
        numbers[start : start + together[shape]]
        for shape, numbers in alike.items()
        for start in range(0, len(numbers), together[shape])
    ]


def _input(parts: Sequence[Part]) -> NetworkInput:
    vectors = [part.vector for part in parts if part.vector is not None]
    pixels = [part.pixels for part in parts]
    images = pixels[0][np.newaxis] if len(pixels) == 1 else np.stack(pixels)  # one is not copied
    return beside(images, np.concatenate(vectors) if vectors else None)
