"""How probable it is that a model reads an image right, by what the model says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.reading.best_path import best_path
from crnn_deploy.runtime.outputs import highest_probabilities
from crnn_deploy.spec import ModelSpec


def confidences(logits: NDArray[np.float32], spec: ModelSpec) -> list[float]:
    """The probability that each line, or each image's class, is read right, at the temperature of the spec.

    Of a line it is the product of the probabilities of its characters on the best path (the path of greedy decoding),
    each the highest among the character's frames; of a line without characters that of its blanks. How well these
    numbers agree with the share that is right depends on the temperature: `evaluation.temperature` fits it.

    Args:
        logits: `[N, T, K]` or `[N, K]`; probabilities and log-probabilities give the same.
    """
    if spec.task == "classify":
        return [float(value) for value in highest_probabilities(logits, spec.temperature)]
    return [best_path(line, spec)[1] for line in logits]
