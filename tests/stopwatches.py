"""Clocks that tell what a test wants, since tiny networks gain nothing from INT8 and machines are noisy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class EachFasterThanTheLast:
    """Of models run in turns, every one takes a millisecond less than the one before it."""

    def __init__(self, image: object = None) -> None:
        pass

    def milliseconds(self, models: Sequence[Any], seconds: float) -> list[float]:
        return [float(len(models) - position) for position in range(len(models))]


class ParentFastest:
    """Every candidate takes longer than its parent."""

    def __init__(self, image: object = None) -> None:
        pass

    def milliseconds(self, models: Sequence[Any], seconds: float) -> list[float]:
        return [float(1 + position) for position in range(len(models))]


class ConvolutionsLose:
    """Convolutions and matrix products in INT8 cost time, a GRU in INT8 gains."""

    def __init__(self, image: object = None) -> None:
        pass

    def milliseconds(self, models: Sequence[Any], seconds: float) -> list[float]:
        return [self._time(model) for model in models]

    def _time(self, model: Any) -> float:
        kinds = [node.op_type for node in model.graph.node]
        return 10.0 + kinds.count("QuantizeLinear") - 2 * kinds.count("QGRU")
