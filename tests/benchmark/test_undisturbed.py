"""The undisturbed time, on an artificial machine that interrupts runs and empties caches."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import stopwatches

from crnn_deploy.benchmark.timing import ENOUGH, LONGEST, InterleavedTimer
from crnn_deploy.benchmark.undisturbed import Rounds, Speedup, UndisturbedTime, joined, speedup_between, undisturbed

MS = 1_000_000


class Machine:
    """Clocks of a machine on which another process takes the core for `slice_ms`, after each `own_ms` of CPU time."""

    def __init__(self, slice_ms: float = 0.0, own_ms: float = 4.0, cold: float = 0.0, seed: int = 0) -> None:
        self.wall = self.cpu = 0
        self._slice, self._own, self._cold = int(slice_ms * MS), int(own_ms * MS), cold
        self._left = self._own
        self._random = random.Random(seed)

    def act(self, ms: float) -> Callable[[], None]:
        """Takes `ms` of CPU time, and up to `cold` of it more after an interruption, when its caches are empty."""

        def run() -> None:
            work = int(ms * MS)
            while work > 0:
                step = min(work, self._left)
                self.wall, self.cpu, self._left, work = (
                    self.wall + step,
                    self.cpu + step,
                    self._left - step,
                    work - step,
                )
                if self._left == 0:
                    self._left = self._own
                    self.wall += self._slice
                    work += int(self._random.random() * self._cold * ms * MS)

        return run

    def timer(self, rounds: int = 200, seconds: float = 1.0) -> InterleavedTimer:
        return InterleavedTimer(rounds, seconds, 0, clock=lambda: self.wall, cpu_clock=lambda: self.cpu)

    def times(self, *ms: float, **options: float) -> list[UndisturbedTime]:
        acts = [self.act(each) for each in ms]
        rounds = self.timer(**options).time_until_known(acts, ["cpu"] * len(acts))
        return [undisturbed(each, "cpu") for each in rounds]


def rounds(cpu: list[float], wall: list[float] | None = None) -> Rounds:
    return Rounds(*(np.array(times) * MS for times in (wall or cpu, cpu)))


def test_a_quiet_machine_tells_the_plain_ratio() -> None:
    slow, fast = Machine().times(16.0, 5.0)
    speedup = speedup_between(fast, slow)
    assert (speedup.ratio, speedup.low, speedup.high) == pytest.approx((3.2, 3.2, 3.2))
    assert (slow.spread, slow.interrupted) == (0.0, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_interruptions_of_long_runs_do_not_change_the_ratio(seed: int) -> None:
    machine = Machine(slice_ms=40.0, own_ms=13.0, cold=0.3, seed=seed)
    slow, fast = machine.times(16.0, 5.0, seconds=4.0)
    assert speedup_between(fast, slow).ratio == pytest.approx(3.2, rel=0.12)
    assert slow.interrupted is not None
    assert slow.interrupted > 0.9


def test_the_wall_clock_would_have_told_another_ratio() -> None:
    machine = Machine(slice_ms=40.0, own_ms=14.0)
    slow, fast = machine.timer(seconds=4.0).time([machine.act(16.0), machine.act(1.0)])
    assert np.median(slow.wall) / np.median(fast.wall) > 50
    assert speedup_between(undisturbed(fast, "cpu"), undisturbed(slow, "cpu")).ratio == pytest.approx(16)


def test_one_lucky_run_decides_nothing() -> None:
    lucky = undisturbed(rounds([0.1] + [1.0] * 99), "cpu")
    assert lucky.ms == pytest.approx(1.0)


def test_runs_beside_another_process_do_not_count_if_a_part_has_a_quiet_one() -> None:
    assert undisturbed(rounds([2.0, 3.0, 1.0, 5.0] * 20), "cpu").ms == pytest.approx(1.0)


def test_runs_on_a_gpu_or_with_more_threads_are_judged_by_the_wall_clock() -> None:
    found = undisturbed(rounds([0.1] * 20, wall=[2.0, 30.0] * 10), "wall")
    assert (found.ms, found.interrupted, found.clock) == (2.0, None, "wall")


def test_interrupted_is_what_waited_much_longer_than_it_computed() -> None:
    wall = [1.0, 1.05, 1.2, 9.0]
    assert undisturbed(rounds([1.0] * 20, wall * 5), "cpu").interrupted == 0.5
    short = undisturbed(rounds([0.01] * 20, [0.02] * 20), "cpu")
    assert short.interrupted == 0.0, "10 microseconds are the clock's own"


@pytest.mark.parametrize(("count", "known"), [(4, False), (5, True)])
def test_few_rounds_tell_nothing(count: int, known: bool) -> None:
    time = undisturbed(rounds([1.0] * count), "cpu")
    assert (time.spread is not None) == known
    assert (speedup_between(time, time).reaches(1.0) is True) == known


def test_clocks_are_not_mixed() -> None:
    cpu, wall = stopwatches.steady(1.0, "cpu"), stopwatches.steady(2.0, "wall")
    assert speedup_between(cpu, wall).spread is None
    assert speedup_between(cpu, wall).reaches(1.5) is None


def test_what_slows_both_down_alike_is_not_noise_of_the_ratio() -> None:
    parts = (1.0, 1.5, 1.2, 1.1, 1.4, 1.3, 1.6, 1.0, 1.2, 1.8)
    fast, slow = stopwatches.noisy(*parts), stopwatches.noisy(*(3 * part for part in parts))
    assert fast.spread is not None
    assert fast.spread > 0.05
    assert speedup_between(fast, slow).spread == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("speedup", "reaches"),
    [(Speedup(2, 1.5, 2.5), True), (Speedup(2, 1.4, 2.5), None), (Speedup(1.2, 1.1, 1.49), False), (Speedup(9), None)],
)
def test_a_limit_within_the_interval_is_neither_kept_nor_missed(speedup: Speedup, reaches: bool | None) -> None:
    assert speedup.reaches(1.5) is reaches


def test_a_noisy_timing_goes_on_and_ends() -> None:
    machine = Machine()
    calls = {"quiet": 0, "noisy": 0}
    grows = iter(range(1, 10**6))

    def quiet() -> None:
        calls["quiet"] += 1
        machine.act(1.0)()

    def noisy() -> None:
        calls["noisy"] += 1
        machine.act(float(next(grows)))()

    machine.timer(rounds=50, seconds=10**9).time_until_known([quiet], ["cpu"])
    assert calls["quiet"] == 50
    (found,) = machine.timer(rounds=50, seconds=10**9).time_until_known([noisy], ["cpu"])
    assert calls["noisy"] == 50 * LONGEST
    assert undisturbed(found, "cpu").spread > ENOUGH


def test_a_timing_that_becomes_quiet_ends_earlier() -> None:
    machine = Machine()
    costs = iter([*np.linspace(9, 2, 60), *[1.0] * 10**4])
    (found,) = machine.timer(rounds=60, seconds=10**9).time_until_known([lambda: machine.act(next(costs))()], ["cpu"])
    assert 60 < len(found.wall) < 60 * LONGEST
    assert undisturbed(found, "cpu").ms == pytest.approx(1.0)


def test_slow_models_are_timed_often_enough_to_know_the_noise() -> None:
    slow, fast = Machine().times(30_000.0, 10_000.0, seconds=0.1)
    assert len(slow.parts_ms) == 5
    assert speedup_between(fast, slow).reaches(2.9) is True


def test_timings_in_parts_are_one() -> None:
    whole = joined([rounds([1.0] * 6), rounds([2.0] * 6)])
    assert undisturbed(whole, "cpu").ms == 1.0
    assert len(whole.cpu) == 12
