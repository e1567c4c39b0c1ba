"""CUDA graphs, and times on the GPU's own clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

import torch

Act = Callable[[], object]
# One turn of all acts: the milliseconds of each.
Turn = Callable[[Sequence[Act]], list[float]]

WARMUP = 3


def captured(act: Act, repeats: int = 1) -> torch.cuda.CUDAGraph:
    """A graph of `repeats` runs of `act`, one after the other; what has run before is not loaded or set up in it.

    Raises:
        RuntimeError: if something in `act` cannot be captured.
    """
    graph = torch.cuda.CUDAGraph()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    # torch.cuda.graph would collect garbage each time, which takes longer than most of what is captured here.
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
    """A `Turn` by CUDA events."""
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
    """Milliseconds of each act in each round, A B C, B C A, …; ends after `rounds` rounds or, at the earliest after
    two, when `seconds` are over."""
    for _ in range(WARMUP):
        turn(acts)
    end = monotonic() + seconds
    found: list[list[float]] = [[] for _ in acts]
    for number in range(rounds):
        order = [(number + position) % len(acts) for position in range(len(acts))]
        for index, spent in zip(order, turn([acts[index] for index in order]), strict=True):
            found[index].append(spent)
        if number > 0 and monotonic() >= end:
            break
    return found


class Budget:
    """Time that is handed out in equal parts to what is still to be done: late cases get fewer rounds, not none."""

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def share(self, cases: int) -> float:
        """Seconds for the next of `cases` cases; 0 where the time is over."""
        return max(0.0, self._end - self._clock()) / cases
