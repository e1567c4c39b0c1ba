"""The progress of a build: TensorRT reports nested phases, people see one bar."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from crnn_deploy.progress import Progress

T = TypeVar("T")
_PERCENT = 100


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class Phases:
    """The running phases of a build, and the share of it that is done."""

    def __init__(self) -> None:
        self._running: dict[str, _Phase] = {}
        self.cancelled = False
        self.current = ""

    def start(self, name: str, parent: str | None, steps: int) -> None:
        self._running[name] = _Phase(parent, max(steps, 1))
        self.current = name

    def finish(self, name: str) -> None:
        phase = self._running.pop(name, None)
        self.current = (phase and phase.parent) or self.current

    def step(self, name: str, index: int) -> bool:
        """Count a step; returns whether the build should continue."""
        if name in self._running:
            self._running[name].done = index + 1
        return not self.cancelled

    def fraction(self) -> float:
        """Share of the whole build that is done, from 0 to 1."""
        share, weight = 0.0, 1.0
        parent = None
        while inner := next(((n, p) for n, p in self._running.items() if p.parent == parent), None):
            parent, phase = inner
            share += weight * min(phase.done, phase.steps) / phase.steps
            weight /= phase.steps
        return min(share, 1.0)


def monitor(trt: Any, phases: Phases, changed: Callable[[], None]) -> Any:
    """An `IProgressMonitor` of `trt` that updates `phases`, and then calls `changed`."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            phases.start(phase_name, parent_phase, num_steps)
            changed()

        def phase_finish(self, phase_name: str) -> None:
            phases.finish(phase_name)
            changed()

        def step_complete(self, phase_name: str, step: int) -> bool:
            continues = phases.step(phase_name, step)
            changed()
            return continues

    return Monitor()


def run_watched(work: Callable[[Callable[[], None]], T], phases: Phases, progress: Progress) -> T:
    """Run `work` in a thread of its own and show its progress; Ctrl-C is raised after the thread has ended.

    Python cannot be interrupted inside TensorRT, so TensorRT is asked to stop at its next step.

    Args:
        work: gets a function that it calls when `phases` has changed.
    """
    changes: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    with ThreadPoolExecutor(1, thread_name_prefix="build") as pool:
        future: Future[T] = pool.submit(work, lambda: changes.put(phases.fraction()))
        future.add_done_callback(lambda _: changes.put(None))
        try:
            for _ in progress.track(_percents(changes), "Building the engine", _PERCENT):
                progress.status(phases.current)
            return future.result()
        except BaseException:
            phases.cancelled = True
            raise


def _percents(changes: queue.SimpleQueue[float | None]) -> Iterator[int]:
    """One item for every percent that is done, until None is in the queue."""
    shown = 0
    while (fraction := changes.get()) is not None:
        while shown < int(_PERCENT * fraction):
            shown += 1
            yield shown
