"""Finds out what a user's own network gives: logits or probabilities, and in which order of axes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from crnn_deploy.models.assembly import build_with_weights
from crnn_deploy.models.user_forward import OutputForm, form_of
from crnn_deploy.models.user_module import with_output
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.torch import run_network
from crnn_deploy.spec import ModelSpec

_IMAGES = 3
_LINE = (200, 32)  # width and height, so that there are more frames than images


def with_measured_outputs(spec: ModelSpec, tensors: Mapping[str, Tensor], name: str, progress: Progress) -> ModelSpec:
    """The spec of a network whose outputs are `[N, T, K]` or `[T, N, K]` logits from then on.

    Raises:
        InputError: if the weights don't fit the network, or it fails.
    """
    packed = _packs(spec, tensors, name)
    outputs = _outputs(_with_form(spec, OutputForm(packed=packed)), tensors, name)
    if not isinstance(outputs, Tensor) or outputs.ndim not in (2, 3):
        return spec  # the trial that follows says what is wrong
    form = form_of(outputs, _IMAGES, spec.num_outputs, packed)
    for found, told in (
        (form.frames_last, "it gives [N, K, T], which is transposed"),
        (form.probabilities, "it gives probabilities, of which the logarithm is taken"),
    ):
        if found:
            progress.log(f"{spec.name}: {told}.")
    return _with_layout(_with_form(spec, form), outputs, progress)


def _with_layout(spec: ModelSpec, outputs: Tensor, progress: Progress) -> ModelSpec:
    """The spec with frames first where only these can be."""
    time_first = outputs.ndim == 3 and outputs.shape[0] != _IMAGES and outputs.shape[1:] == (_IMAGES, spec.num_outputs)
    if not time_first or spec.output_layout == "TNC":
        return spec
    progress.log(f"{spec.name}: its outputs are [T, N, K].")
    return spec.model_copy(update={"output_layout": "TNC"})


def _packs(spec: ModelSpec, tensors: Mapping[str, Tensor], name: str) -> bool:
    """Whether the network gives something else where sequences are passed on instead of packed."""
    as_it_is = _outputs(_with_form(spec, OutputForm(packed=True)), tensors, name)
    try:
        passed_on = _outputs(_with_form(spec, OutputForm()), tensors, name)
    except Exception:  # any is possible: the network is the user's
        return True
    both = isinstance(as_it_is, Tensor) and isinstance(passed_on, Tensor) and as_it_is.shape == passed_on.shape
    return not (both and torch.allclose(as_it_is, passed_on, rtol=1e-4, atol=1e-5, equal_nan=True))


@torch.inference_mode()
def _outputs(spec: ModelSpec, tensors: Mapping[str, Tensor], name: str) -> Tensor:
    p = spec.preprocessing
    model = build_with_weights(spec, tensors, name, trust_module=True)
    shape = (_IMAGES, p.channel_count, p.height, p.padded_width(*_LINE))
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    return run_network(model, images, spec.name)


def _with_form(spec: ModelSpec, form: OutputForm) -> ModelSpec:
    assert spec.architecture is not None
    return spec.model_copy(update={"architecture": with_output(spec.architecture, form)})
