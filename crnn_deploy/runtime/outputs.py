"""Outputs of models in one form: batch first, log-probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.spec import ModelSpec

_ROUNDING = 1e-3
"""How far probabilities may add up to another number than 1."""


def batch_first(logits: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float32]:
    """Logits with the batch as first axis, whatever the model's own layout."""
    return logits.swapaxes(0, 1) if spec.task == "ctc" and spec.output_layout == "TNC" else logits


def log_probabilities(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities over the last axis, from logits, log-probabilities or probabilities."""
    if are_probabilities(output):
        logarithms: NDArray[np.float32] = np.log(np.maximum(output, np.float32(1e-12)))
        return logarithms
    shifted = output - output.max(-1, keepdims=True)
    normalised: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return normalised


def probabilities(output: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities over the last axis at a temperature, from logits, log-probabilities or probabilities.

    Args:
        temperature: that logits are divided by (Guo et al., ICML 2017): above 1 all classes become more alike.
    """
    shares: NDArray[np.float32] = np.exp(log_probabilities(_divided(output, temperature)))
    return shares


def highest_probabilities(output: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """The highest of the `probabilities`, without the others."""
    if temperature == 1 and are_probabilities(output):
        highest: NDArray[np.float32] = output.max(-1)
        return highest
    logits = _divided(output, temperature)
    below = logits - logits.max(-1, keepdims=True)
    shares: NDArray[np.float32] = 1 / np.exp(below, out=below).sum(-1)
    return shares


def _divided(output: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Logits divided by the temperature; an output is returned as it is where that changes nothing."""
    if temperature == 1:
        return output
    logits: NDArray[np.float32] = log_probabilities(output) if are_probabilities(output) else output
    divided: NDArray[np.float32] = logits / np.float32(temperature)
    return divided


def are_probabilities(output: NDArray[np.float32]) -> bool:
    """Whether an output is probabilities over the last axis, and not logits or log-probabilities."""
    if not output.size or not 0 <= output.item(0) <= 1 + _ROUNDING:  # the first number tells most logits at no cost
        return False
    return bool(output.min() >= 0 and np.allclose(output.sum(-1), 1, atol=_ROUNDING))
