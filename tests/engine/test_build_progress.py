"""How far a build is, and how it ends early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from crnn_deploy.engine.build_progress import Phases, run_watched
from crnn_deploy.progress import SILENT


class Recording:
    """A `Progress` that keeps what it is told, and may do something at each step."""

    def __init__(self, act: Callable[[], None] = lambda: None) -> None:
        self.steps = 0
        self.statuses: list[str] = []
        self._act = act

    def track(self, items: Iterable[Any], description: str, total: int, done: int = 0) -> Iterator[Any]:
        for item in items:
            yield item
            self.steps += 1
            self._act()

    def status(self, text: str) -> None:
        self.statuses.append(text)

    def log(self, text: str) -> None: ...


def test_nested_phases_make_one_share() -> None:
    phases = Phases()
    assert phases.fraction() == 0
    phases.start("engine", None, 2)
    phases.step("engine", 0)
    assert phases.fraction() == 0.5
    phases.start("tactics", "engine", 4)
    assert phases.step("tactics", 1)
    assert phases.fraction() == 0.75
    phases.start("reformats", "tactics", 2)
    phases.step("reformats", 0)
    assert phases.fraction() == 0.8125
    assert phases.current == "reformats"
    phases.finish("reformats")
    phases.finish("tactics")
    assert phases.current == "engine"
    assert phases.fraction() == 0.5


def test_phases_that_nobody_started_do_no_harm() -> None:
    phases = Phases()
    phases.finish("unknown")
    assert phases.step("unknown", 3)
    phases.start("empty", None, 0)
    phases.step("empty", 5)
    assert phases.fraction() == 1


def test_people_see_every_percent_once_and_the_result_comes_back() -> None:
    phases, progress = Phases(), Recording()

    def work(changed: Callable[[], None]) -> str:
        phases.start("engine", None, 4)
        for step in range(4):
            phases.step("engine", step)
            changed()
        return "built"

    assert run_watched(work, phases, progress) == "built"
    assert progress.steps == 100
    assert set(progress.statuses) == {"engine"}


def test_an_error_of_the_work_is_raised() -> None:
    def work(_: Callable[[], None]) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        run_watched(work, Phases(), SILENT)


def test_ctrl_c_stops_the_work_at_its_next_step_and_waits_for_it() -> None:
    phases, ended = Phases(), threading.Event()

    def interrupt() -> None:
        raise KeyboardInterrupt

    def work(changed: Callable[[], None]) -> None:
        phases.start("engine", None, 10**9)
        step = 0
        phases.step("engine", 10**8)
        changed()
        while phases.step("engine", step):
            step = (step + 1) % 1000
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        run_watched(work, phases, Recording(interrupt))
    assert ended.is_set()
