"""What each layer costs alone in INT8."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crnn_deploy.progress import Progress
from crnn_deploy.quantization.record import LayerSensitivity, Reading
from crnn_deploy.quantization.rewrite.plan import Layer, Plan

ReadPlan = Callable[[Plan, str], Reading]
"""Reads the held-out images with a plan; the text is for the progress bar."""


def measure_sensitivity(layers: Sequence[Layer], read: ReadPlan, progress: Progress) -> tuple[LayerSensitivity, ...]:
    """Each layer alone in INT8, most sensitive first: by the change in error, then by noise."""
    found = [
        LayerSensitivity(layer=layer.name, op=layer.op, reading=read(frozenset({layer.name}), layer.name))
        for layer in progress.track(layers, "Measuring sensitivity", len(layers))
    ]
    return tuple(sorted(found, key=lambda s: (-s.reading.change.delta, s.reading.noise_db)))
