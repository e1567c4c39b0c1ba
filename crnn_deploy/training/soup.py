"""The average of several trainings from the same weights: a model soup (Wortsman et al., arXiv 2203.05482)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from crnn_deploy.models.assembly import build
from crnn_deploy.training.fitting import FittedWeights
from crnn_deploy.training.training_setup import TrainingSetup
from crnn_deploy.training.validator import validator


def average(members: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each weight.

    Networks that were trained from the same weights stay in one basin of the loss. Their average usually generalises
    better than each of them, and takes the time of one network.

    Args:
        members: weights by name, of one architecture. Counters, which are integers, are taken from the first member.
    """
    first = members[0]
    return {
        name: torch.stack([member[name] for member in members]).mean(0) if value.is_floating_point() else value
        for name, value in first.items()
    }


def mix(setup: TrainingSetup, members: Sequence[FittedWeights]) -> FittedWeights:
    """The average of the members; or the best member, if the error of the average is above the mean error of them.

    In that case the members are not in one basin of the loss, and averaging makes no sense.
    """
    weights = average([member.weights for member in members])
    network = build(setup.spec)
    network.load_state_dict(weights)
    validate = validator(setup.spec, setup.material.validation, setup.options.skip_bad, setup.ranks)
    error = validate(network.eval())
    errors = ", ".join(f"{member.error:.2%}" for member in members)
    setup.progress.log(f"validation errors {errors}; of their average {error:.2%}")
    best = min(members, key=lambda member: member.error)
    notes = {**best.notes, "soup": {"members": [round(m.error, 6) for m in members], "average": round(error, 6)}}
    mean_error = sum(member.error for member in members) / len(members)
    return FittedWeights(weights, error, notes) if error <= mean_error else replace(best, notes=notes)
