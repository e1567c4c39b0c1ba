"""Batches are prepared in order, by a thread or by processes, and errors keep their parts."""

from __future__ import annotations

import os

import pytest
import torch

from crnn_deploy.errors import InputError
from crnn_deploy.training.preparing import prepared, usual_workers

WORKERS = pytest.mark.parametrize("workers", [0, 1, 2])


@WORKERS
@pytest.mark.parametrize("places", [range(0), range(1), range(3, 20)], ids=str)
def test_all_come_in_order(places: range, workers: int) -> None:
    assert list(prepared(lambda place: place * place, places, workers)) == [place * place for place in places]


@WORKERS
def test_an_error_comes_in_its_place_with_all_its_parts(workers: int) -> None:
    def make(place: int) -> int:
        if place == 4:
            raise InputError("The image a.png is broken.", "It is cut off.", "Remove it.")
        return place

    made = prepared(make, range(9), workers)
    assert [next(made) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(InputError, match=r"a\.png") as raised:
        next(made)
    assert (raised.value.cause, raised.value.fix) == ("It is cut off.", "Remove it.")


def test_processes_are_others() -> None:
    assert os.getpid() not in set(prepared(lambda _: os.getpid(), range(4), 2))


def test_the_cpu_has_no_workers_and_a_gpu_the_other_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert usual_workers(torch.device("cpu")) == 0
    assert usual_workers(torch.device("cuda")) == 7
