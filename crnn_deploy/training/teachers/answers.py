"""The answer of a teacher for one image, in a form that is small enough to store."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from crnn_deploy.training.teachers.likeliest import Likeliest

ANSWERS_FORMAT = 3
"""Raise this number when stored answers of earlier versions must not be used any more.

That is the case when `encode` and `decode` change, and when the same teacher would answer differently: by another
decoding, confidence, preprocessing, mapping of charsets or number of classes.
"""


@dataclass(frozen=True)
class Answer:
    """An answer in the student's charset, at the teacher's frame rate; that of a classifier is one frame.

    `frames`: T frames with their likeliest classes; `trusted` `[T]`: frames whose characters the student has;
    `targets`: class indices of the reading, empty if the student lacks a character; `confidence` of that reading;
    `features` `[T, D]` if they were asked for.
    """

    frames: Likeliest
    trusted: NDArray[np.bool_]
    targets: NDArray[np.int64]
    confidence: float
    features: NDArray[np.float32] | None = None


class Answers(Protocol):
    """What a teacher answers for each item of a source."""

    def __getitem__(self, item: int) -> Answer: ...


def encode(answer: Answer) -> bytes:
    """Compressed bytes in half precision."""
    frames = answer.frames
    present = frames.log_probs > -np.inf
    arrays: dict[str, NDArray[Any]] = {
        "count": present.sum(1).astype(np.int32),
        "class": frames.classes[present].astype(np.int32),
        "value": frames.log_probs[present].astype(np.float16),
        "rest": frames.rest.astype(np.float16),
        "trusted": answer.trusted,
        "targets": answer.targets.astype(np.int32),
        "confidence": np.array([answer.confidence], np.float32),
    }
    if answer.features is not None:
        arrays["features"] = answer.features.astype(np.float16)
    return zlib.compress(save(arrays), 1)


def decode(data: bytes) -> Answer:
    """The answer in `data`."""
    arrays = load(zlib.decompress(data))
    count = arrays["count"]
    present = np.arange(count.max()) < count[:, None]
    classes, log_probs = np.zeros(present.shape, np.int64), np.full(present.shape, -np.inf, np.float32)
    classes[present], log_probs[present] = arrays["class"], arrays["value"]
    features = arrays.get("features")
    return Answer(
        frames=Likeliest(np.where(present, classes, classes[:, :1]), log_probs, arrays["rest"].astype(np.float32)),
        trusted=arrays["trusted"],
        targets=arrays["targets"].astype(np.int64),
        confidence=float(arrays["confidence"][0]),
        features=None if features is None else features.astype(np.float32),
    )
