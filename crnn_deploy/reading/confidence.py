"""How confident a model is in what it reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.reading.best_path import labelled_runs, line_confidence
from crnn_deploy.runtime.outputs import highest_probabilities
from crnn_deploy.spec import ModelSpec


def confidences(logits: NDArray[np.float32], spec: ModelSpec) -> list[float]:
    """Mean probability of each line's characters on its best path, or the probability of each image's class.

    A character's probability is the highest among its frames on the best path (the path of greedy decoding). A line
    without characters gets the mean probability of its blanks. Use it to rank lines by reliability; it is not the
    probability that the whole text is right.

    Args:
        logits: `[N, T, K]` or `[N, K]`; probabilities and log-probabilities give the same.
    """
    highest = highest_probabilities(logits).tolist()
    if spec.task == "classify":
        return [float(value) for value in highest]
    paths = logits.argmax(axis=-1).tolist()
    return [
        line_confidence(labelled_runs(path, frames, spec.blank), frames)
        for path, frames in zip(paths, highest, strict=True)
    ]
