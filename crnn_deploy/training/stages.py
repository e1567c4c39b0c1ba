"""The trainings that one call of `train` or `distill` consists of."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from torch import nn

from crnn_deploy.data.checking import tell_unusual_sizes
from crnn_deploy.training.config import QatOptions
from crnn_deploy.training.fitting import FittedWeights, fit
from crnn_deploy.training.qat.finishing import finish_quantized
from crnn_deploy.training.soup import mix
from crnn_deploy.training.training_setup import TrainingSetup


def fit_in_stages(setup: TrainingSetup, network: nn.Module, qat: QatOptions | None = None) -> FittedWeights:
    """Train `network`, or average several trainings of it, and finish with quantization-aware epochs if `qat` is set.

    Raises:
        GateError: if the loss is no longer finite.
    """
    tell_unusual_sizes(setup.material.train, setup.spec, setup.progress)
    members = [_fit_member(setup, network, number) for number in range(setup.options.soup)]
    fitted = members[0] if len(members) == 1 else mix(setup, members)
    return fitted if qat is None else finish_quantized(setup, fitted, qat)


def _fit_member(setup: TrainingSetup, network: nn.Module, number: int) -> FittedWeights:
    """One of the trainings whose weights are averaged: each has its own seed, and all start from the same network."""
    options = setup.options
    if options.soup > 1:
        setup.progress.log(f"training {number + 1} of the {options.soup} whose weights are averaged")
    seeded = replace(setup, options=options.model_copy(update={"seed": options.seed + number}))
    own = deepcopy(network) if options.soup > 1 else network
    return fit(seeded, own, f"training-{number + 1}" if number else "training")
