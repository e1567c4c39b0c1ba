"""How much each layer costs alone in INT8."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.record import LayerSensitivity
from crnn_deploy.quantization.rewrite.plan import Layer, Plan

ComparePlan = Callable[[Plan, str], ModelComparison]
"""Compares the model of a plan with its parent on the held-out images; the text is for the progress bar."""


def measure_sensitivity(
    layers: Sequence[Layer], compare: ComparePlan, progress: Progress
) -> tuple[LayerSensitivity, ...]:
    """Each layer alone in INT8, most sensitive first: by the rise of the error, then by noise."""
    entries = [
        LayerSensitivity(layer=layer.name, op=layer.op, comparison=compare(frozenset({layer.name}), layer.name))
        for layer in progress.track(layers, "Measuring sensitivity", len(layers))
    ]
    return tuple(sorted(entries, key=lambda s: (-s.comparison.difference.delta, s.comparison.noise_db)))
