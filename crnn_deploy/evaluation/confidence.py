"""How sure a model is of what it reads."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.runtime.outputs import log_probabilities
from crnn_deploy.spec import ModelSpec


def confidences(logits: NDArray[np.float32], spec: ModelSpec) -> list[float]:
    """Mean probability of each line's characters on its best path, or the probability of each image's class.

    A character is as probable as the surest of the frames that it spans on the best path, the one that greedy decoding
    takes. A line without characters is as sure as its blanks are on average. This ranks lines by how far to trust them;
    it is not the chance that the whole text is right.

    Args:
        logits: `[N, T, K]` or `[N, K]`; probabilities and log-probabilities give the same.
    """
    probabilities = np.exp(log_probabilities(logits))
    surest = probabilities.max(axis=-1)
    if spec.task == "classify":
        return [float(value) for value in surest]
    return [_of_line(path, sure, spec.blank) for path, sure in zip(probabilities.argmax(axis=-1), surest, strict=True)]


def _of_line(path: NDArray[np.intp], sure: NDArray[np.float32], blank: int) -> float:
    """Of one line, from the classes of its best path `[T]` and their probabilities `[T]`."""
    runs = groupby(zip(path.tolist(), sure.tolist(), strict=True), key=lambda frame: frame[0])
    characters = [max(probability for _, probability in run) for character, run in runs if character != blank]
    return float(np.mean(characters or sure))
