"""Quantization-aware epochs after the training."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from torch import nn

from crnn_deploy.models.assembly import build
from crnn_deploy.training.batches import TrainingSet
from crnn_deploy.training.config import QatOptions
from crnn_deploy.training.devices import start_fabric
from crnn_deploy.training.fitting import FittedWeights, fit
from crnn_deploy.training.qat.quantization_aware import QuantizationAware
from crnn_deploy.training.training_setup import TrainingSetup

_RANGE_BATCHES = 16  # batches from which the ranges of activations are taken


def finish_quantized(setup: TrainingSetup, fitted: FittedWeights, qat: QatOptions) -> FittedWeights:
    """Train further from `fitted` with the rounding of INT8; the error of the result is that with rounding.

    Losses that fade before the end of the training are left out.
    """
    network = build(setup.spec)
    network.load_state_dict(fitted.weights)
    options = setup.options.model_copy(update={"epochs": qat.epochs, "learning_rate": qat.learning_rate})
    setup = replace(setup, options=options)
    _round_as_int8(network, setup)
    setup.progress.log("continuing with the rounding of INT8")
    lasting = [loss for loss in setup.material.losses if loss.until is None]
    material = replace(setup.material, losses=lasting or setup.material.losses)
    # FP32, because BF16 would round more coarsely than INT8 does.
    finished = fit(replace(setup, fabric=start_fabric("fp32"), material=material), network, "qat")
    return FittedWeights(finished.weights, finished.error, {**fitted.notes, "qat_history": finished.notes["history"]})


def _round_as_int8(network: nn.Module, setup: TrainingSetup) -> None:
    """Make `network` round, in place, with the ranges of the first training images."""
    batches = TrainingSet(setup.material, setup.spec, setup.options).epoch(0)
    inputs = [batch.inputs for batch in islice(batches, _RANGE_BATCHES)]
    rounding = QuantizationAware(network, *inputs[0])
    for more in inputs[1:]:
        rounding.observe(*more)
