"""Saliency by integrated gradients (Sundararajan et al., ICML 2017) through Captum, for PyTorch artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crnn_deploy.errors import InputError, is_out_of_memory
from crnn_deploy.explaining.answers import Answer
from crnn_deploy.explaining.hiding import surroundings
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.seen import Seen
from crnn_deploy.spec import ModelSpec

_STEPS, _LINE_STEPS = 32, 16
"""Points on the straight way from the image without content to the image; fewer for a line with its many answers."""

_AT_ONCE = 8


def has_captum() -> bool:
    return find_spec("captum") is not None


def require_captum() -> None:
    """Raise `InputError` if Captum is not installed."""
    if not has_captum():
        raise InputError(
            "Explaining by gradients needs Captum.",
            "It belongs to the optional extra 'explain', which is not installed.",
            "pip install 'crnn-deploy[explain]', or choose --method occlusion.",
        )


def integrated_gradients(
    model: nn.Module, spec: ModelSpec, seen: Seen, answers: Sequence[Answer], progress: Progress = SILENT
) -> NDArray[np.float32]:
    """How much each pixel speaks for each answer: `[A, H, W]`, or `[A, 1, W]` for lines.

    The gradients are those of an answer's margin over the best other class, on the way from a picture that is all in
    its median colour.

    Raises:
        InputError: if Captum is not installed, or the network has no gradients.
    """
    require_captum()
    from captum.attr import IntegratedGradients

    images = torch.from_numpy(seen.pixels[np.newaxis])
    area, plain = seen.area, images.clone()
    plain[..., area.top : area.bottom, area.left : area.right] = torch.from_numpy(surroundings(seen))[:, None, None]
    steps = _LINE_STEPS if spec.task == "ctc" else _STEPS
    vector = [] if seen.vector is None else [torch.from_numpy(seen.vector)]
    found = []
    for answer in progress.track(answers, "Following gradients", len(answers)):

        def margin(x: Tensor, answer: Answer = answer) -> Tensor:
            return _margin(_frames(model(x, *(row.expand(len(x), -1) for row in vector)), spec), answer)

        method = IntegratedGradients(margin)
        try:
            values = method.attribute(images, plain, n_steps=steps, internal_batch_size=_AT_ONCE)
        except Exception as error:  # any is possible: the network may be the user's
            if is_out_of_memory(error):
                raise
            raise InputError(
                f"{spec.name} cannot be explained by gradients.",
                f"{type(error).__name__}: {error}",
                "Choose --method occlusion, which needs only its answers.",
            ) from error
        found.append(values[0].detach().float().flatten(0, -3).sum(0).numpy())  # of colours, and of stills
    saliency = np.nan_to_num(np.stack(found).astype(np.float32))
    return saliency.sum(axis=1, keepdims=True) if spec.task == "ctc" else saliency


def _frames(output: Tensor, spec: ModelSpec) -> Tensor:
    """Logarithms of probabilities `[N, T, K]` of any output; a classifier has one frame."""
    if spec.task == "classify":
        output = output[:, None]
    elif spec.output_layout == "TNC":
        output = output.transpose(0, 1)
    output = output.float()
    if bool(output.min() >= 0) and torch.allclose(output.sum(-1), torch.ones(()), atol=1e-3):
        return output.clamp(min=1e-12).log()
    return output.log_softmax(-1)


def _margin(frames: Tensor, answer: Answer) -> Tensor:
    """`answers.margins` of one answer in its own frames, `[N]`."""
    parts = []
    for run in answer.runs:
        near = frames[:, run.first : run.end]
        others = torch.cat([near[..., : run.index], near[..., run.index + 1 :]], -1).amax(-1)
        parts.append((near[..., run.index] - others).amax(1))
    return torch.stack(parts).mean(0)
