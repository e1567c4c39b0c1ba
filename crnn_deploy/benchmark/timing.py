"""Fair timing of several acts on a noisy machine: in interleaved rounds, so that noise affects all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

Act = Callable[[], object]
Clock = Callable[[], int]


class InterleavedTimer:
    """Times acts round by round (A B C, B C A, C A B, …), after a warm-up that isn't counted.

    Timing ends after `rounds` rounds, or as soon as the acts took `seconds` each on average. Garbage collection is off
    meanwhile.

    Args:
        rounds: most rounds, at least one is timed.
        seconds: time budget of one act over all rounds.
        warmup: untimed rounds before.
        clock: monotonic time in nanoseconds.
    """

    def __init__(self, rounds: int, seconds: float, warmup: int, clock: Clock = time.perf_counter_ns) -> None:
        self._rounds = rounds
        self._budget_ns = seconds * 1e9
        self._warmup = warmup
        self._clock = clock

    def time(self, acts: Sequence[Act]) -> list[NDArray[np.int64]]:
        """Nanoseconds of each round `[R]`, one array per act, in their order."""
        spent: list[list[int]] = [[] for _ in acts]
        with _without_garbage_collection():
            for _ in range(self._warmup):
                for act in acts:
                    act()
            total = 0
            for turn in range(self._rounds):
                for position in range(len(acts)):
                    index = (turn + position) % len(acts)
                    elapsed = self._once(acts[index])
                    spent[index].append(elapsed)
                    total += elapsed
                if total >= self._budget_ns * len(acts):
                    break
        return [np.array(times, np.int64) for times in spent]

    def _once(self, act: Act) -> int:
        start = self._clock()
        act()
        return self._clock() - start


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
