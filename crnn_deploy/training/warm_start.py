"""The weights that a training starts from."""

from __future__ import annotations

import torch
from torch import nn

from crnn_deploy.artifact import Artifact, read_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.models.weights import check_finite, check_tensors
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec


def initial_network(spec: ModelSpec, seed: int, warm_start: Artifact | None, progress: Progress) -> nn.Module:
    """The network of `spec` with random weights of the seed; those of `warm_start` replace them where they fit.

    Raises:
        InputError: if no weight of the warm start fits.
    """
    torch.manual_seed(seed)
    network = build(spec)
    if warm_start is None:
        return network
    weights = read_safetensors(warm_start.path)
    check_tensors(weights, str(warm_start.path))
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not any(value.ndim > 1 for value in fitting.values()):  # biases and counters may fit any network
        raise InputError(
            f"No weight of {warm_start.path} fits {spec.name}.",
            "It is another architecture, or of another size.",
            "Give an artifact of the same family, width and hidden size.",
        )
    check_finite(fitting, str(warm_start.path))
    network.load_state_dict(fitting, strict=False)
    replaced = sum(p.numel() for name, p in network.named_parameters() if name in fitting)
    share = replaced / sum(p.numel() for p in network.parameters())
    progress.log(f"{share:.0%} of the parameters start from {warm_start.path}")
    return network
