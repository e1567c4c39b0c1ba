"""Operations, bytes and time of the stages of a line: file, pixels, network and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from costs.work import INT8, Work
from crnn_deploy.artifact import Artifact
from crnn_deploy.benchmark.timing import InterleavedTimer
from crnn_deploy.benchmark.undisturbed import undisturbed
from crnn_deploy.data.picture import open_image
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.runtime.opening import open_session

NETWORK = "network"
WARMUP = 20
_FIXED = {"nearest": 1, "linear": 2}
"""Pixels that make a new one, of the filters that leave pixels out where a picture becomes smaller."""
_REACH = {"bilinear": 1, "bicubic": 2, "lanczos": 3}
"""Pixels to each side of a new one's middle that the other filters weigh, more where a picture becomes smaller."""


@dataclass(frozen=True)
class Stage:
    """A stage, its CPU time undisturbed, and its work; the network's is known from its nodes."""

    name: str
    us: float
    work: Work | None


@dataclass(frozen=True)
class Line:
    """The stages of one line, and the input of the network, `[1, C, H, W]`."""

    stages: list[Stage]
    images: NDArray[np.float32]


def timed_line(artifact: Artifact, content: bytes, rounds: int, seconds: float) -> Line:
    """Reads the file of a line again and again on one thread, one stage after the other, with warm caches."""
    preprocessor, session = Preprocessor(artifact.spec.preprocessing), open_session(artifact, threads=1)

    def decoded() -> Image.Image:
        return preprocessor.picture(open_image(content, "line"), "line")

    plain = decoded()
    images = preprocessor.input(plain)[0][np.newaxis]
    logits = session.run(images)
    acts: dict[str, tuple[Callable[[], Any], Work | None]] = {
        "decode the file": (decoded, Work(0, len(content) + _bytes(plain))),
        "resize and normalise": (lambda: preprocessor.input(plain), resizing(artifact.spec.preprocessing, plain)),
        NETWORK: (lambda: session.run(images), None),
        "text": (lambda: greedy_decode(logits, artifact.spec), Work(0, logits.nbytes)),
    }
    times = InterleavedTimer(rounds, seconds, WARMUP).time([act for act, _ in acts.values()])
    stages = [
        Stage(name, 1e3 * undisturbed(found, "cpu").ms, work)
        for (name, (_, work)), found in zip(acts.items(), times, strict=True)
    ]
    return Line(stages, images)


def resizing(p: Preprocessing, plain: Image.Image) -> Work:
    """The work of making the input: two passes over the picture, whose result in between is not counted as moved.

    Each pixel of a pass is a sum over those that the filter reaches, of bytes times whole numbers.
    """
    (width, height), channels = plain.size, len(plain.getbands())
    new_width, new_height = p.resized_width(width, height), p.resized_height(width, height)
    across = height * new_width * _taps(p.resize, width, new_width)
    down = new_height * new_width * _taps(p.resize, height, new_height)
    written = 4 * p.channel_count * p.height * p.with_padding(new_width)
    return Work(round(2 * channels * (across + down)), _bytes(plain) + written, INT8)


def _taps(name: str, size: int, new: int) -> float:
    """Pixels of `size` that make one of `new`; a pass that changes nothing is left out."""
    if size == new:
        return 0
    return _FIXED[name] if name in _FIXED else min(size, 2 * _REACH[name] * max(1, size / new))


def _bytes(plain: Image.Image) -> int:
    return prod(plain.size) * len(plain.getbands())
