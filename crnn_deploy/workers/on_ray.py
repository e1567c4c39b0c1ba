"""Workers that are actors of Ray, here or on a cluster.

Plain actors, and not Ray Data: no image passes through Ray. A task names images that a worker opens where it runs, with
the same sources as on one machine, and its result is small or a file. So there is nothing for blocks, formats and
backpressure of a dataset to do; and Ray Data repeats what kills its worker for ever, while an actor of ours is started
again a few times.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from crnn_deploy.errors import InputError
from crnn_deploy.ranks import usable_cores
from crnn_deploy.scratch import scratch_folder
from crnn_deploy.workers.job import Job, Worker, shares
from crnn_deploy.workers.options import WorkerOptions

T = TypeVar("T")
R = TypeVar("R")

_RESTARTS = 3  # of a worker that was killed, and of the task that it did
_ENDING = 10  # seconds in which workers end
_STORE = 128 << 20  # bytes of shared memory for results, where Ray is started here


class Actors:
    """A `Team` of actors."""

    def __init__(self, workers: Sequence[Any]) -> None:
        self.workers = workers
        self._running = {worker: worker.begun.remote() for worker in workers}

    def give(self, worker: Any, task: object) -> None:
        self._running[worker] = worker.outcome.remote(task)

    def ready(self, busy: Sequence[Any]) -> Any:
        import ray

        worker_of = {self._running[worker]: worker for worker in busy}
        return worker_of[ray.wait(list(worker_of))[0][0]]

    def end(self) -> None:
        """End all workers, whatever they do, and wait for it: Ray may crash if it is shut down before."""
        import ray

        for worker in self.workers:
            ray.kill(worker)
        waiting = list(self._running.values())
        if waiting:
            ray.wait(waiting, num_returns=len(waiting), timeout=_ENDING, fetch_local=False)

    def take(self, worker: Any) -> object:
        import ray

        try:
            return ray.get(self._running.pop(worker))
        except ray.exceptions.RayError as error:
            raise InputError(
                f"A worker of Ray could not do its task: {str(error)[:600]}",
                f"It was ended more than {_RESTARTS} times, such as by a lack of memory, or crnn-deploy is not "
                "installed on all machines of the cluster.",
                "Try fewer --workers; on a cluster, install the same crnn-deploy everywhere.",
            ) from None


@contextlib.contextmanager
def ray_team(job: Job[T, R], options: WorkerOptions) -> Iterator[Actors]:
    """Actors for the tasks of a job; at the end of the block they have ended, and so has a Ray that was started here.

    Raises:
        InputError: if Ray is not installed, can't be reached, or no machine has as many cores as a worker has threads.
    """
    if find_spec("ray") is None:
        raise InputError("Ray is not installed.", fix="pip install 'crnn-deploy[ray]'")
    with _ray(options, job.threads or 1):
        import ray

        threads = job.threads or 1  # machines may differ: many workers of one thread fit everywhere
        _check_fits(threads)
        cores = int(ray.cluster_resources().get("CPU", 1))
        workers, _ = shares(cores, len(job.tasks), options.workers, threads)
        actor = ray.remote(num_cpus=threads, max_restarts=_RESTARTS, max_task_retries=_RESTARTS)(Worker)
        team = [actor.remote(job.begin, threads, Path.cwd()) for _ in range(workers)]
        actors = Actors(team)
        try:
            yield actors
        finally:
            actors.end()


@contextlib.contextmanager
def _ray(options: WorkerOptions, threads: int) -> Iterator[None]:
    """Ray, connected or started; one that the program has connected already stays so."""
    import ray

    if ray.is_initialized():
        yield
        return
    address = options.address or os.environ.get("RAY_ADDRESS") or "local"
    with scratch_folder() as folder:
        here = {
            "num_cpus": max(usable_cores(), threads * (options.workers or 1)),
            "include_dashboard": False,
            "object_store_memory": _STORE,
            "_temp_dir": str(folder),
            "_node_ip_address": "127.0.0.1",
        }
        try:
            _connect(address, folder, here if address == "local" else {})
            yield
        finally:
            ray.shutdown()


def _connect(address: str, folder: Path, options: dict[str, Any]) -> None:
    import ray

    try:
        # Ray puts the current folder on the path of its workers, where a numpy.py of strangers could lie.
        with _inside(folder), _without_statistics():
            ray.init(address, log_to_driver=False, logging_level="ERROR", **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"Ray cannot be {'started' if address == 'local' else f'reached at {address}'}: {str(error)[:600]}",
            fix="Name another folder of temporary files in TMPDIR, with a short path."
            if address == "local"
            else "Check --address, the variable RAY_ADDRESS, and the cluster with `ray status`.",
        ) from None


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _without_statistics() -> Iterator[None]:
    """Ray tells its makers how it is used, unless this is set before it is started."""
    name = "RAY_USAGE_STATS_ENABLED"
    before = os.environ.get(name)
    os.environ[name] = before or "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def _check_fits(threads: int) -> None:
    import ray

    most = max((int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]), default=0)
    if threads > most:
        raise InputError(
            f"A worker is to have {threads} threads, and no machine of the cluster has more than {most} cores.",
            fix="Give fewer --threads.",
        )
