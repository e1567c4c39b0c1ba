"""The answer of a teacher for one image, in a form that is small enough to store."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

ANSWERS_FORMAT = 2
"""Raise this number when stored answers of earlier versions must not be used any more.

That is the case when `encode` and `decode` change, and when the same teacher would answer differently: by another
decoding, confidence, preprocessing or mapping of charsets.
"""

_LEAST = 1e-4  # lower probabilities are not stored
_FLOOR = np.float32(np.log(_LEAST / 10))


@dataclass(frozen=True)
class Answer:
    """An answer in the student's charset, at the teacher's frame rate; that of a classifier is one frame.

    `log_probs` `[T, K]`; `trusted` `[T]`: frames whose characters the student has; `targets`: class indices of the
    reading, empty if the student lacks a character; `confidence` of that reading; `features` `[T, D]` if they were
    asked for.
    """

    log_probs: NDArray[np.float32]
    trusted: NDArray[np.bool_]
    targets: NDArray[np.int64]
    confidence: float
    features: NDArray[np.float32] | None = None


class Answers(Protocol):
    """What a teacher answers for each item of a source."""

    def __getitem__(self, item: int) -> Answer: ...


def encode(answer: Answer) -> bytes:
    """Compressed bytes in half precision; of lines, which have many frames, without very low probabilities."""
    least = np.log(_LEAST) if len(answer.log_probs) > 1 else -np.inf
    frame, kept = np.nonzero(answer.log_probs > least)
    arrays: dict[str, NDArray[Any]] = {
        "shape": np.array(answer.log_probs.shape, np.int32),
        "frame": frame.astype(np.int32),
        "class": kept.astype(np.int32),
        "value": answer.log_probs[frame, kept].astype(np.float16),
        "trusted": answer.trusted,
        "targets": answer.targets.astype(np.int32),
        "confidence": np.array([answer.confidence], np.float32),
    }
    if answer.features is not None:
        arrays["features"] = answer.features.astype(np.float16)
    return zlib.compress(save(arrays), 1)


def decode(data: bytes) -> Answer:
    """The answer in `data`; probabilities that were not stored become one small number."""
    arrays = load(zlib.decompress(data))
    log_probs = np.full(arrays["shape"], _FLOOR, np.float32)
    log_probs[arrays["frame"], arrays["class"]] = arrays["value"]
    features = arrays.get("features")
    return Answer(
        log_probs=log_probs,
        trusted=arrays["trusted"],
        targets=arrays["targets"].astype(np.int64),
        confidence=float(arrays["confidence"][0]),
        features=None if features is None else features.astype(np.float32),
    )
