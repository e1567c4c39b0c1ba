"""Checks a network against its spec, by running it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from crnn_deploy.checkpoints.spec_file import check_outputs
from crnn_deploy.errors import InputError
from crnn_deploy.runtime.torch import TorchSession, run_network
from crnn_deploy.runtime.trial import check_trial, reads_alike, steady_outputs, trial_images
from crnn_deploy.spec import ModelSpec

_TRIAL_SIZES = ((100, 32), (320, 32))  # width and height of the lines for the check


@torch.inference_mode()
def check_forward(model: nn.Module, spec: ModelSpec) -> None:
    """Run `model` on blank images of two widths, and on noise.

    Raises:
        InputError: if it fails, or its output is not `[N, T, K]` (in the spec's layout) or `[N, K]`, or not finite, or
            depends on chance or on the other images of a batch.
    """
    for size in _TRIAL_SIZES:
        shape = spec.preprocessing.example_shape(2, *size)
        logits = run_network(model, torch.zeros(shape), spec.name)
        _check_shape(logits, spec)
        check_trial(logits.float().numpy(), spec.name)
    _check_independence(model, spec)


def _check_independence(model: nn.Module, spec: ModelSpec) -> None:
    """Check that the network gives the same for the same images, and for each whatever is beside it."""
    session, images = TorchSession(model, spec), trial_images(spec, 3)
    if not reads_alike(session, images, steady_outputs(session, images, spec.name)):
        raise InputError(
            f"The network of {spec.name} reads an image differently when others are beside it.",
            "It computes a mean, a maximum or the like over the batch.",
            "Compute it for each image.",
        )


def _check_shape(logits: object, spec: ModelSpec) -> None:
    axes = 3 if spec.task == "ctc" else 2
    batch_axis = 1 if axes == 3 and spec.output_layout == "TNC" else 0
    if not isinstance(logits, Tensor) or logits.ndim != axes or logits.shape[batch_axis] != 2:
        got = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        expected = "[N, K]" if axes == 2 else f"{spec.output_layout[0]}, {spec.output_layout[1]}, K".join("[]")
        raise InputError(
            f"The network of {spec.name} gives {got} for a batch of 2, expected logits {expected}.",
            fix="Correct `task` or `output_layout` in the spec, or return only the logits.",
        )
    check_outputs(spec, logits.shape[-1], spec.name)
