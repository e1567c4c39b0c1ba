"""The weights that a training starts from."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact, read_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.models.weights import check_finite, check_tensors
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec

Weights = Mapping[str, Tensor]


def initial_network(spec: ModelSpec, seed: int, warm_start: Artifact | None, progress: Progress) -> nn.Module:
    """The network of `spec` with random weights of the seed; those of `warm_start` replace them where they fit.

    A head for other classes takes the rows of the classes that both have: characters, or class names.

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
    rows = _common_classes(spec, warm_start.spec)
    head = _head(own, weights, rows) if rows else {}
    check_finite({**fitting, **head}, str(warm_start.path))
    network.load_state_dict({**fitting, **head}, strict=False)
    replaced = sum(p.numel() for name, p in network.named_parameters() if name in fitting)
    share = replaced / sum(p.numel() for p in network.parameters())
    progress.log(f"{share:.0%} of the parameters start from {warm_start.path}")
    if head:
        progress.log(f"and {len(rows):,} of {spec.num_outputs:,} rows of the head, those of the same classes")
    return network


def _common_classes(spec: ModelSpec, warm: ModelSpec) -> list[tuple[int, int]]:
    """The classes that both have: their places in the own head and in the other."""
    if spec.task != warm.task:
        return []
    own, theirs = (each.class_names if each.task == "classify" else each.alphabet for each in (spec, warm))
    places = {name: place for place, name in enumerate(theirs)}
    return [(place, places[name]) for place, name in enumerate(own) if name in places]


def _head(own: Weights, weights: Weights, rows: list[tuple[int, int]]) -> Weights:
    """The own head, if it has other rows than the one of `weights`, with those of the common classes from there."""
    places = torch.tensor(rows, dtype=torch.long).reshape(-1, 2)
    head = {}
    for name in ("head.weight", "head.bias"):
        mine, theirs = own.get(name), weights.get(name)
        if mine is None or theirs is None or mine.shape == theirs.shape or mine.shape[1:] != theirs.shape[1:]:
            return {}
        head[name] = mine.clone()
        head[name][places[:, 0]] = theirs[places[:, 1]].to(mine.dtype)
    return head
