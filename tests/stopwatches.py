"""Clocks that tell what a test wants, since tiny networks gain nothing from INT8 and machines are noisy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from crnn_deploy.benchmark.undisturbed import Clock, Rounds, UndisturbedTime, undisturbed


def steady(ms: float, clock: Clock = "cpu") -> UndisturbedTime:
    """A time without any noise."""
    return UndisturbedTime(
        clock=clock, ms=ms, spread=0.0, interrupted=0.0 if clock == "cpu" else None, parts_ms=(ms,) * 10
    )


def noisy(*parts_ms: float) -> UndisturbedTime:
    """A time of which each part took as many milliseconds as told; the parts are repeated where they are too few."""
    parts = [ms for _ in range(10) for ms in parts_ms][:10]
    return undisturbed(Rounds(*[np.array(parts) * 1_000_000] * 2), "cpu")


class EachFasterThanTheLast:
    """Of models run in turns, every one takes a millisecond less than the one before it."""

    def __init__(self, image: object = None) -> None:
        pass

    def times(self, models: Sequence[Any], seconds: float) -> list[UndisturbedTime]:
        return [steady(len(models) - position) for position in range(len(models))]


class ParentFastest:
    """Every candidate takes longer than its parent."""

    def __init__(self, image: object = None) -> None:
        pass

    def times(self, models: Sequence[Any], seconds: float) -> list[UndisturbedTime]:
        return [steady(1 + position) for position in range(len(models))]


class ConvolutionsLose:
    """Convolutions and matrix products in INT8 cost time, a GRU in INT8 gains."""

    def __init__(self, image: object = None) -> None:
        pass

    def times(self, models: Sequence[Any], seconds: float) -> list[UndisturbedTime]:
        return [steady(self._time(model)) for model in models]

    def _time(self, model: Any) -> float:
        kinds = [node.op_type for node in model.graph.node]
        return 10.0 + kinds.count("QuantizeLinear") - 2 * kinds.count("QGRU")
