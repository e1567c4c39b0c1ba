"""The requirement on an exported model: it computes and reads what its parent does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput, beside, noise_vectors
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.evaluation.unproven import not_proved
from crnn_deploy.export.shapes import extreme_shapes, unseen_shapes
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Task

# FP32 kernels that sum in another order differ by about 1e-6 of the largest logit; wrong graphs by orders more.
RELATIVE_TOLERANCE = 1e-4


def require_parity(comparison: ModelComparison) -> None:
    """Raise `GateError` unless every image reads the same and the logits agree."""
    if comparison.not_finite:
        raise GateError(
            f"The exported model or its parent gives NaN or infinity for {comparison.not_finite} of "
            f"{comparison.images} images."
        )
    if comparison.changed:
        raise GateError(
            f"The exported model reads {comparison.changed} of {comparison.images} images differently from its parent.",
            f"The logits differ by up to {comparison.max_difference:.2g}.",
            "Part of the module probably depends on the batch, width or number of stills that it was traced with.",
        )
    if comparison.relative_difference > RELATIVE_TOLERANCE:
        raise GateError(
            f"The exported model's logits differ from its parent's by {comparison.relative_difference:.2g} of the "
            f"largest logit; rounding explains up to {RELATIVE_TOLERANCE:g}."
        )


def reservation_about(noise: ModelComparison, real: ModelComparison | None, task: Task) -> str:
    """Why equal readings prove nothing; empty where they prove something.

    Noise alone tells little of a classifier, which may well give it one class; a reader of lines finds text in it.
    """
    if real is not None:
        return not_proved("the model", real.unproven)
    if noise.unproven and (noise.constant or task == "ctc"):
        return not_proved("on noise the model", f"{noise.unproven}; compare it on real images with --data")
    return ""


def random_batches(preprocessing: Preprocessing, seed: int = 0) -> Iterator[NetworkInput]:
    """Noise at batch sizes and widths that the exporter has not seen, and blank paper of the least and largest width.

    A trace knows one way through the network, and what is decided in Python may go another one there.
    """
    random = np.random.default_rng(seed)
    for shape in unseen_shapes(preprocessing):
        yield _with_noise(random.standard_normal(shape, np.float32), random, preprocessing)
    for shape in extreme_shapes(preprocessing):  # noise over thousands of frames would meet a gate that rounding moves
        for colour in (-1.0, 1.0):
            yield _with_noise(np.full(shape, colour, np.float32), random, preprocessing)


def _with_noise(images: NDArray[np.float32], random: np.random.Generator, preprocessing: Preprocessing) -> NetworkInput:
    """The images, with random vectors where the model takes them."""
    return beside(images, noise_vectors(random, len(images), preprocessing))
