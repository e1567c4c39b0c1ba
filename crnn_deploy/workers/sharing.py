"""Gives the tasks of a job to workers, whatever runs these, and takes the results."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from crnn_deploy.ranks import usable_cores
from crnn_deploy.workers.job import Job, shares
from crnn_deploy.workers.options import WorkerOptions

T = TypeVar("T")
R = TypeVar("R")
W = TypeVar("W")

_AHEAD = 4  # results for each worker that wait for an earlier one


class Team(Protocol[W]):
    """Workers, each of which does one task at a time. First of all, each is ready once, with nothing, to say that it
    has begun: on a cluster some may have to wait for cores."""

    @property
    def workers(self) -> Sequence[W]: ...

    def give(self, worker: W, task: object) -> None: ...

    def ready(self, busy: Sequence[W]) -> W:
        """One of these workers whose task is done, once there is one."""
        ...

    def take(self, worker: W) -> object:
        """What the task of a ready worker gave: a result, or an error. Raises `InputError` if the worker was killed."""
        ...


def work(job: Job[T, R], options: WorkerOptions) -> Iterator[R]:
    """The results of all tasks. Each task is done once; if one fails, the others that are running are given up.

    Raises:
        InputError: if Ray is not installed or can't be reached, a worker was killed, or a task raised it.
        Exception: what a task raised.
    """
    if not job.tasks:
        return
    if options.engine == "ray":
        from crnn_deploy.workers.on_ray import ray_team

        with ray_team(job, options) as actors:
            yield from _share(actors, job)
        return
    from crnn_deploy.workers.processes import process_team

    workers, threads = shares(usable_cores(), len(job.tasks), options.workers, job.threads)
    if workers == 1:
        yield from map(job.begin(threads), job.tasks)
        return
    with process_team(job, workers, threads) as processes:
        yield from _share(processes, job)


def _share(team: Team[W], job: Job[T, R]) -> Iterator[R]:
    """The results of all tasks; few wait for their turn, so that memory stays flat."""
    tasks = deque(enumerate(job.tasks))
    idle: list[W] = []
    busy: dict[W, int | None] = dict.fromkeys(team.workers)  # with which task; None: it has not begun
    waiting: dict[int, R] = {}
    following = 0
    while tasks or any(number is not None for number in busy.values()):
        while idle and tasks and len(waiting) < _AHEAD * len(team.workers):
            worker = idle.pop()
            busy[worker], task = tasks.popleft()
            team.give(worker, task)
        worker = team.ready(list(busy))
        number = busy.pop(worker)
        result: Any = team.take(worker)
        if isinstance(result, Exception):
            raise result
        idle.append(worker)
        if number is None:
            continue
        waiting[number] = result
        following = following if job.ordered else number
        while following in waiting:
            yield waiting.pop(following)
            following += 1
