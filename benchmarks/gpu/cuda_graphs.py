"""CUDA graphs, and times that are measured by the GPU itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

import torch

Act = Callable[[], object]
# Runs each of the acts once and returns the milliseconds of each.
Turn = Callable[[Sequence[Act]], list[float]]

WARMUP = 3


def captured(act: Act, repeats: int = 1) -> torch.cuda.CUDAGraph:
    """A CUDA graph of `repeats` runs of `act`, one after the other. `act` runs a few times before it is captured.

    Raises:
        RuntimeError: if something in `act` cannot be captured.
    """
    graph = torch.cuda.CUDAGraph()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    # Not torch.cuda.graph, which collects garbage each time; that takes longer than most of these captures.
    with torch.cuda.stream(stream):
        for _ in range(WARMUP):
            act()
        stream.synchronize()
        graph.capture_begin()
        try:
            for _ in range(repeats):
                act()
        finally:
            graph.capture_end()
    torch.cuda.current_stream().wait_stream(stream)
    return graph


def on_the_gpu(acts: Sequence[Act]) -> list[float]:
    """A `Turn` that measures with CUDA events."""
    events = [(_event(), _event()) for _ in acts]
    for act, (start, end) in zip(acts, events, strict=True):
        start.record()
        act()
        end.record()
    torch.cuda.synchronize()
    return [start.elapsed_time(end) for start, end in events]


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]


def interleaved(acts: Sequence[Act], turn: Turn, rounds: int, seconds: float) -> list[list[float]]:
    """Milliseconds of each act in each round. The order rotates from round to round: A B C, B C A, …

    Ends after `rounds` rounds, or when `seconds` have passed and there were at least two rounds.
    """
    for _ in range(WARMUP):
        turn(acts)
    end = monotonic() + seconds
    times: list[list[float]] = [[] for _ in acts]
    for number in range(rounds):
        order = [(number + position) % len(acts) for position in range(len(acts))]
        for index, spent in zip(order, turn([acts[index] for index in order]), strict=True):
            times[index].append(spent)
        if number > 0 and monotonic() >= end:
            break
    return times


class Budget:
    """Divides the time that is left equally among the remaining cases, so that slow cases do not use up all of it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def share(self, cases: int) -> float:
        """Seconds for the next of `cases` remaining cases; 0 if no time is left."""
        return max(0.0, self._end - self._clock()) / cases
