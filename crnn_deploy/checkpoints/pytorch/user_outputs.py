"""Finds out what a user's own network gives: logits or probabilities, and in which order of axes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from crnn_deploy.checkpoints.output_axes import axes_of
from crnn_deploy.models.assembly import build_with_weights
from crnn_deploy.models.user_forward import OutputForm
from crnn_deploy.models.user_module import with_output
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.torch import run_network
from crnn_deploy.spec import ModelSpec

_IMAGES = 3
_ROUNDING = 1e-3  # of a sum of probabilities
_LINE = (200, 32)  # width and height, so that there are more frames than images


def with_measured_outputs(spec: ModelSpec, tensors: Mapping[str, Tensor], name: str, progress: Progress) -> ModelSpec:
    """The spec of a network whose outputs are `[N, T, K]` or `[T, N, K]` logits from then on.

    A layout that the spec file states is not replaced.

    Raises:
        InputError: if the weights don't fit the network, or it fails.
    """
    outputs, packed = _measured(spec, tensors, name)
    if not isinstance(outputs, Tensor) or outputs.ndim not in (2, 3):
        return spec  # the trial that follows says what is wrong
    axes = axes_of(outputs.shape, _IMAGES, spec.num_outputs)
    frames_last = axes == "NCT"
    probabilities = _are_probabilities(outputs, 1 if frames_last else -1)
    if frames_last:
        progress.log(f"{spec.name}: it gives [N, K, T], which is transposed.")
    if probabilities:
        progress.log(f"{spec.name}: it gives probabilities, of which the logarithm is taken.")
    spec = _with_form(spec, OutputForm(frames_last=frames_last, probabilities=probabilities, packed=packed))
    if axes != "TNC" or "output_layout" in spec.model_fields_set:
        return spec
    progress.log(f"{spec.name}: its outputs are [T, N, K].")
    return spec.model_copy(update={"output_layout": "TNC"})


def _measured(spec: ModelSpec, tensors: Mapping[str, Tensor], name: str) -> tuple[Tensor, bool]:
    """What the network gives, and whether it must pack its sequences: it gives something else where it does not."""
    as_it_is = _outputs(_with_form(spec, OutputForm(packed=True)), tensors, name)
    try:
        passed_on = _outputs(_with_form(spec, OutputForm()), tensors, name)
    except Exception:  # any is possible: the network is the user's
        return as_it_is, True
    both = isinstance(as_it_is, Tensor) and isinstance(passed_on, Tensor) and as_it_is.shape == passed_on.shape
    alike = both and torch.allclose(as_it_is, passed_on, rtol=1e-4, atol=1e-5, equal_nan=True)
    return (passed_on, False) if alike else (as_it_is, True)


def _are_probabilities(outputs: Tensor, classes: int) -> bool:
    """Whether numbers are not negative, and their sum over the axis `classes` is 1."""
    sums = outputs.float().sum(classes)
    return bool((outputs >= 0).all() and (sums - 1).abs().max() < _ROUNDING)


@torch.inference_mode()
def _outputs(spec: ModelSpec, tensors: Mapping[str, Tensor], name: str) -> Tensor:
    model = build_with_weights(spec, tensors, name, trust_module=True)
    shape = spec.preprocessing.example_shape(_IMAGES, *_LINE)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return run_network(model, images, spec.name)


def _with_form(spec: ModelSpec, form: OutputForm) -> ModelSpec:
    assert spec.architecture is not None
    return spec.model_copy(update={"architecture": with_output(spec.architecture, form)})
