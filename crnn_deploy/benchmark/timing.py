"""Fair timing of several acts on a noisy machine: in interleaved rounds, so that noise affects all of them alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from crnn_deploy.benchmark.undisturbed import FEWEST_ROUNDS, Clock, Rounds, undisturbed

Act = Callable[[], object]
Now = Callable[[], int]

ENOUGH = 0.03
"""Spread of an undisturbed time that ends the timing."""

LONGEST = 6
"""How many times as long a timing takes at most on a machine that is too busy."""

_LONGER = 1.5  # each time that the noise is still too high


class InterleavedTimer:
    """Times acts round by round (A B C, B C A, C A B, …), after a warm-up that isn't counted.

    Timing ends after `rounds` rounds, or as soon as the acts took `seconds` each on average. Garbage collection is off
    meanwhile.

    Args:
        rounds: most rounds, at least one is timed.
        seconds: time budget of one act over all rounds.
        warmup: untimed rounds before.
        clock: monotonic time in nanoseconds.
        cpu_clock: CPU time of the calling thread in nanoseconds.
    """

    def __init__(
        self,
        rounds: int,
        seconds: float,
        warmup: int,
        clock: Now = time.perf_counter_ns,
        cpu_clock: Now = time.thread_time_ns,
    ) -> None:
        self._rounds = rounds
        self._budget_ns = seconds * 1e9
        self._warmup = warmup
        self._clock = clock
        self._cpu_clock = cpu_clock

    def time(self, acts: Sequence[Act]) -> list[Rounds]:
        """The rounds of each act, in their order."""
        with _without_garbage_collection():
            timing = self._begun(acts)
            timing.go_on(self._rounds, self._budget_ns)
        return timing.rounds()

    def time_until_known(self, acts: Sequence[Act], clocks: Sequence[Clock]) -> list[Rounds]:
        """The rounds of each act, until its undisturbed time is known to 3 %: up to six times as many as usual.

        At least five rounds are timed, however long they take, if `rounds` allows as many.

        Args:
            clocks: by which each act is judged.
        """
        with _without_garbage_collection():
            timing = self._begun(acts)
            timing.go_on(min(self._rounds, FEWEST_ROUNDS), float("inf"))
            longer = 1.0
            timing.go_on(self._rounds, self._budget_ns)
            while longer < LONGEST and timing.spread(clocks) > ENOUGH:
                longer = min(longer * _LONGER, LONGEST)
                timing.go_on(round(self._rounds * longer), self._budget_ns * longer)
        return timing.rounds()

    def _begun(self, acts: Sequence[Act]) -> _Timing:
        for _ in range(self._warmup):
            for act in acts:
                act()
        return _Timing(acts, self._clock, self._cpu_clock)


class _Timing:
    """Acts and the nanoseconds that their rounds took so far."""

    def __init__(self, acts: Sequence[Act], clock: Now, cpu_clock: Now) -> None:
        self._acts = acts
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._wall: list[list[int]] = [[] for _ in acts]
        self._cpu: list[list[int]] = [[] for _ in acts]
        self._spent = 0

    def go_on(self, rounds: int, seconds_ns: float) -> None:
        """Time until there are `rounds` in all, or the acts took `seconds_ns` each on average."""
        count = len(self._acts)
        for turn in range(len(self._wall[0]), rounds):
            if self._spent >= seconds_ns * count and turn > 0:
                break
            for position in range(count):
                self._once((turn + position) % count)

    def spread(self, clocks: Sequence[Clock]) -> float:
        """The highest spread of the acts; nothing where there are too few rounds to know it."""
        times = map(undisturbed, self.rounds(), clocks)
        return max(time.spread or 0.0 for time in times)

    def rounds(self) -> list[Rounds]:
        return [
            Rounds(np.array(wall, np.int64), np.array(cpu, np.int64))
            for wall, cpu in zip(self._wall, self._cpu, strict=True)
        ]

    def _once(self, index: int) -> None:
        start, cpu_start = self._clock(), self._cpu_clock()
        self._acts[index]()
        cpu_end, end = self._cpu_clock(), self._clock()
        self._cpu[index].append(cpu_end - cpu_start)
        self._wall[index].append(end - start)
        self._spent += end - start


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
