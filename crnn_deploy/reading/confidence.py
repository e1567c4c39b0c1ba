"""How confident a model is in what it reads."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.spec import ModelSpec


def confidences(logits: NDArray[np.float32], spec: ModelSpec) -> list[float]:
    """Mean probability of each line's characters on its best path, or the probability of each image's class.

    A character's probability is the highest among its frames on the best path (the path of greedy decoding). A line
    without characters gets the mean probability of its blanks. Use it to rank lines by reliability; it is not the
    probability that the whole text is right.

    Args:
        logits: `[N, T, K]` or `[N, K]`; probabilities and log-probabilities give the same.
    """
    probabilities = np.exp(log_probabilities(logits))
    highest = probabilities.max(axis=-1)
    if spec.task == "classify":
        return [float(value) for value in highest]
    return [_of_line(path, row, spec.blank) for path, row in zip(probabilities.argmax(axis=-1), highest, strict=True)]


def _of_line(path: NDArray[np.intp], highest: NDArray[np.float32], blank: int) -> float:
    """The confidence in one line, from the classes of its best path `[T]` and their probabilities `[T]`."""
    runs = groupby(zip(path.tolist(), highest.tolist(), strict=True), key=lambda frame: frame[0])
    characters = [max(probability for _, probability in run) for character, run in runs if character != blank]
    return float(np.mean(characters or highest))
