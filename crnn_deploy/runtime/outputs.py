"""Outputs of models in one form: batch first, log-probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec

_TOLERANCE = 1e-3  # of the largest logit


def batch_first(logits: NDArray[np.float32], spec: ModelSpec) -> NDArray[np.float32]:
    """Logits with the batch as first axis, whatever the model's own layout."""
    return logits.swapaxes(0, 1) if spec.task == "ctc" and spec.output_layout == "TNC" else logits


def log_probabilities(output: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities over the last axis, from logits, log-probabilities or probabilities."""
    if output.size and output.min() >= 0 and np.allclose(output.sum(-1), 1, atol=1e-3):
        logarithms: NDArray[np.float32] = np.log(np.maximum(output, np.float32(1e-12)))
        return logarithms
    shifted = output - output.max(-1, keepdims=True)
    normalised: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return normalised


def check_trial(output: NDArray[np.float32], name: str) -> None:
    """Raise `InputError` if a network gives nothing, NaN or infinity on a trial image; `name` is used in messages."""
    if output.size == 0:
        raise InputError(
            f"{name} gives outputs of {list(output.shape)} on a small image: nothing.",
            "It leaves out frames by what it finds in the image, or cuts them off.",
            "Export it with all frames.",
        )
    if not np.isfinite(output).all():
        raise InputError(
            f"{name} gives NaN or infinite outputs on a small image.",
            "Its weights are damaged or overflow; or it masks classes with infinity, or takes the logarithm of zero.",
            "Give an earlier checkpoint; mask with -10000, and use log_softmax.",
        )


def check_same(once: NDArray[np.float32], again: NDArray[np.float32], name: str) -> None:
    """Raise `InputError` if two runs on the same images differ; `name` is used in messages."""
    if not close(once, again):
        raise InputError(
            f"{name} gives other outputs each time for the same images.",
            "It draws random numbers, as dropout does in training.",
            "Export it in evaluation mode: model.eval().",
        )


def close(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether outputs for the same images differ by no more than rounding does in batches of other sizes."""
    scale = max(float(np.abs(one).max(initial=0)), 1.0)
    return one.shape == other.shape and np.allclose(one, other, rtol=0, atol=_TOLERANCE * scale)
