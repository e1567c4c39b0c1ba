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
