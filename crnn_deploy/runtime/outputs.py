"""Outputs of models in one form: batch first, log-probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.spec import ModelSpec


def batch_first(logits: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float32]:
    """Logits with the batch as first axis, whatever the model's own layout."""
    return logits.swapaxes(0, 1) if spec.task == "ctc" and spec.output_layout == "TNC" else logits


def log_probabilities(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities over the last axis, from logits, log-probabilities or probabilities."""
    if _are_probabilities(output):
        logarithms: NDArray[np.float32] = np.log(np.maximum(output, np.float32(1e-12)))
        return logarithms
    shifted = output - output.max(-1, keepdims=True)
    normalised: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return normalised


def highest_probabilities(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest probability over the last axis, from logits, log-probabilities or probabilities."""
    highest: NDArray[np.float32] = output.max(-1, keepdims=True)
    if not _are_probabilities(output):
        highest = 1 / np.exp(output - highest).sum(-1, keepdims=True)
    return highest[..., 0]


def _are_probabilities(output: NDArray[np.float32]) -> bool:
    return bool(output.size and output.min() >= 0 and np.allclose(output.sum(-1), 1, atol=1e-3))
