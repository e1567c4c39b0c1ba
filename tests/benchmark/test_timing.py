from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from crnn_deploy.benchmark.timing import InterleavedTimer


class FakeClock:
    """Stands still until an act takes its time."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def act(self, *durations: int) -> Callable[[], None]:
        """Takes the given nanoseconds in turn, and the last ones ever after."""
        left = list(durations)

        def run() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


def test_rounds_are_interleaved_and_start_with_another_act_each() -> None:
    calls: list[str] = []
    acts = [lambda name=name: calls.append(name) for name in "ABC"]
    InterleavedTimer(rounds=4, seconds=60, warmup=2).time(acts)
    assert "".join(calls) == "ABCABC" + "ABC" + "BCA" + "CAB" + "ABC"


def test_every_act_gets_its_own_times() -> None:
    clock = FakeClock()
    quick, slow = InterleavedTimer(4, 60, 0, clock).time([clock.act(1, 2, 3, 4), clock.act(50)])
    assert quick.wall.tolist() == [1, 2, 3, 4]
    assert slow.wall.tolist() == [50, 50, 50, 50]


def test_the_warm_up_is_not_counted() -> None:
    clock = FakeClock()
    (times,) = InterleavedTimer(2, 60, 3, clock).time([clock.act(900, 800, 700, 5, 6)])
    assert times.wall.tolist() == [5, 6]


@pytest.mark.parametrize(("seconds", "rounds"), [(10, 4), (9.9, 4), (0.001, 1), (1000, 20)])
def test_timing_stops_when_the_average_budget_is_spent(seconds: float, rounds: int) -> None:
    clock = FakeClock()
    acts = [clock.act(1_000_000_000), clock.act(4_000_000_000)]  # 5 s a round, 2.5 s an act
    quick, slow = InterleavedTimer(20, seconds, 1, clock).time(acts)
    assert len(quick.wall) == len(slow.wall) == rounds


def test_garbage_collection_waits_and_comes_back() -> None:
    seen: list[bool] = []
    InterleavedTimer(1, 1, 1).time([lambda: seen.append(gc.isenabled())])
    assert seen == [False, False]
    assert gc.isenabled()


def test_garbage_collection_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        InterleavedTimer(1, 1, 0).time([lambda: 1 / 0])
    assert gc.isenabled()
