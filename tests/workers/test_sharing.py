"""Tasks are done once each by processes, in order where that is asked for; what fails or is killed is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import worker_tasks
from pydantic import ValidationError

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.workers import on_ray
from crnn_deploy.workers.job import Job, shares
from crnn_deploy.workers.options import WorkerOptions
from crnn_deploy.workers.sharing import work

TWO = WorkerOptions(workers=2)


def test_each_task_is_done_once_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = Job(worker_tasks.squares, range(12), threads=1, ordered=True)
    expected = [(number * number, 1, str(tmp_path)) for number in range(12)]
    assert list(work(job, TWO)) == expected
    assert list(work(job, WorkerOptions(workers=1))) == expected
    assert list(work(Job(worker_tasks.squares, []), TWO)) == []


def test_without_an_order_a_slow_task_keeps_nobody_waiting() -> None:
    found = [square for square, _, _ in work(Job(worker_tasks.squares, [2, 1, 3, 5, 7]), TWO)]
    assert sorted(found) == [1, 4, 9, 25, 49]
    assert found != [4, 1, 9, 25, 49]


@pytest.mark.parametrize(
    ("tasks", "error", "message"),
    [
        (["fine", "gate"], GateError, "not good enough"),
        (["fine", "bug"], ZeroDivisionError, "bug"),
        (["fine", "strange"], RuntimeError, "StrangeError: 1 and 2"),
        (["killed"] * 2, InputError, "ended by SIGKILL"),
        (["crashed"] * 2, InputError, "ended by SIGSEGV"),
        (["ended"] * 2, InputError, r"ended while it worked \(exit code 3\)"),
    ],
)
def test_a_failure_in_a_worker_is_told(tasks: list[str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as found:
        list(work(Job(worker_tasks.failing, tasks), TWO))
    if isinstance(found.value, GateError):
        assert (found.value.cause, found.value.fix) == ("cause", "fix")


def test_a_worker_that_cannot_begin_says_why() -> None:
    with pytest.raises(InputError, match="no model"):
        list(work(Job(worker_tasks.unable, [1, 2]), TWO))


@pytest.mark.parametrize(
    ("cores", "tasks", "workers", "threads", "expected"),
    [
        (8, 100, None, None, (8, 1)),
        (8, 2, None, None, (2, 4)),
        (8, 100, 3, None, (3, 2)),
        (8, 100, None, 4, (2, 4)),
        (2, 100, 4, None, (4, 1)),
        (2, 100, None, 8, (1, 8)),
    ],
)
def test_threads_share_the_cores(
    cores: int, tasks: int, workers: int | None, threads: int | None, expected: tuple[int, int]
) -> None:
    assert shares(cores, tasks, workers, threads) == expected


def test_an_address_is_one_of_ray() -> None:
    with pytest.raises(ValidationError, match="address goes with engine ray"):
        WorkerOptions(address="auto")


def test_without_ray_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="Ray is not installed") as found:
        list(work(Job(worker_tasks.squares, [1]), WorkerOptions(engine="ray")))
    assert found.value.fix == "pip install 'crnn-deploy[ray]'"
