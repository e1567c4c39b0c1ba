"""Saliency by occlusion: what an answer loses when a part of the image is hidden (Zeiler and Fergus, ECCV 2014).

It needs nothing of a model but its answers, so that INT8 models and engines are explained as they run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.explaining.answers import Answer, margins
from crnn_deploy.explaining.hiding import hidden, surroundings, window_size, windows
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.seen import Box, Seen
from crnn_deploy.runtime.session import Session

_BATCH = 32
_BATCH_VALUES = 1 << 24
"""Numbers of a batch, of its images or of its outputs, above which it becomes smaller."""


def occlusion(
    session: Session, seen: Seen, answers: Sequence[Answer], progress: Progress = SILENT
) -> NDArray[np.float32]:
    """How much each pixel speaks for each answer: `[A, H, W]`, or `[A, 1, W]` for lines.

    A pixel's saliency is the mean fall of the answer's margin over the windows that hide it.
    """
    is_line = seen.output.ndim == 2
    boxes = windows(seen.area, window_size(seen.area, is_line))
    before = margins(seen.output[np.newaxis], answers)[0]
    height, width = seen.pixels.shape[-2:]
    falls = np.zeros((len(answers), 1 if is_line else height, width), np.float32)
    counts = np.zeros(falls.shape[1:], np.float32)
    for some, outputs in run_hidden(session, seen, boxes, surroundings(seen), progress):
        for box, fall in zip(some, before - margins(outputs, answers), strict=True):
            rows = slice(None) if is_line else slice(box.top, box.bottom)
            falls[:, rows, box.left : box.right] += fall[:, np.newaxis, np.newaxis]
            counts[rows, box.left : box.right] += 1
    mean: NDArray[np.float32] = falls / np.maximum(counts, np.float32(1))
    return mean


def run_hidden(
    session: Session, seen: Seen, boxes: Sequence[Box], colour: NDArray[np.float32], progress: Progress = SILENT
) -> Iterator[tuple[Sequence[Box], NDArray[np.float32]]]:
    """Some of the boxes, and the outputs `[N, …]` of the network with each of these hidden, until all were."""
    most = max(1, min(_BATCH, _BATCH_VALUES // max(seen.pixels.size, seen.output.size)))
    starts = range(0, len(boxes), most)
    for start in progress.track(starts, "Hiding parts", len(starts)):
        some = boxes[start : start + most]
        yield some, session.run(seen.beside(hidden(seen, some, colour)))
