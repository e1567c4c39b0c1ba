"""`crnn-deploy` with a clock that always tells the same, so that the same layers run in INT8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crnn_deploy.__main__ import main
from crnn_deploy.benchmark.undisturbed import UndisturbedTime
from crnn_deploy.quantization import quantize


class EachFasterThanTheLast:
    """Of models run in turns, every one takes a millisecond less than the one before it."""

    def __init__(self, image: object = None) -> None:
        pass

    def times(self, models: Sequence[Any], seconds: float) -> list[UndisturbedTime]:
        return [_steady(float(len(models) - position)) for position in range(len(models))]


def _steady(ms: float) -> UndisturbedTime:
    return UndisturbedTime(clock="cpu", ms=ms, spread=0.0, interrupted=0.0, parts_ms=(ms,) * 10)


assert hasattr(quantize, "InterleavedStopwatch")
quantize.InterleavedStopwatch = EachFasterThanTheLast  # type: ignore[assignment, misc]
main()
