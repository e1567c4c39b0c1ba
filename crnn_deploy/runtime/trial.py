"""What must hold when a network of any runtime is tried on small images: outputs that are numbers, each time the same,
and for each image whatever is beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput, beside, noise_vectors
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

_WIDTH = 160
_TOLERANCE = 1e-3  # of the largest logit: batches of other sizes round differently


def trial_batch(spec: ModelSpec, count: int) -> NetworkInput:
    """`trial_images`, with vectors where the model takes them."""
    return beside(trial_images(spec, count), noise_vectors(np.random.default_rng(1), count, spec.preprocessing))


def trial_images(spec: ModelSpec, count: int) -> NDArray[np.float32]:
    """`count` small inputs of a model, of noise: the same every time, each another."""
    shape = spec.preprocessing.example_shape(count, _WIDTH, spec.preprocessing.height)
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


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


def steady_outputs(session: Session, images: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """The outputs for the images `[N, C, H, W]`. Raises `InputError` if a second run on them gives others."""
    outputs = session.run(images)
    if not close(outputs, session.run(images)):
        raise InputError(
            f"{name} gives other outputs each time for the same images.",
            "It draws random numbers, as dropout does in training.",
            "Export it in evaluation mode: model.eval().",
        )
    return outputs


def reads_alike(session: Session, images: NDArray[np.float32], expected: NDArray[np.float32]) -> bool:
    """Whether a session gives the outputs `expected` for the images together and for each of them alone."""
    try:
        results = [session.run(images), np.concatenate([session.run(image[np.newaxis]) for image in images])]
    except (InputError, ValueError):  # it fails, or its results have different sizes
        return False
    return all(close(expected, result) for result in results)


def close(expected: NDArray[np.float32], given: NDArray[np.float32], tolerance: float = _TOLERANCE) -> bool:
    """Whether outputs have the same shape and differ by no more than a share of the largest expected one, or of 1."""
    scale = max(float(np.abs(expected).max(initial=0)), 1.0)
    return expected.shape == given.shape and np.allclose(expected, given, rtol=0, atol=tolerance * scale)
