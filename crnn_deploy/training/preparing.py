"""Prepares the batches of an epoch while the network trains: in a thread, or in processes where there is a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from crnn_deploy.errors import InputError
from crnn_deploy.ranks import named_ranks, usable_cores
from crnn_deploy.training.parcels import Parcel, pack, unpack

T = TypeVar("T")
_AHEAD = 4  # batches that are prepared in advance, by the thread or by each process
_MOST = 16  # processes, unless more are asked for


def usual_workers(device: torch.device) -> int:
    """Processes that prepare batches for a device where the user asks for no number.

    A network that trains on the CPU takes all cores itself.
    """
    if device.type == "cpu":
        return 0
    cores = usable_cores() // named_ranks().local_count
    return min(_MOST, max(1, cores - 1))


def prepared(make: Callable[[int], T], places: range, workers: int) -> Iterator[T]:
    """What `make` returns for each place, in their order.

    Args:
        workers: processes that call `make`, forked from this one; 0: a thread does.

    Raises:
        InputError: what `make` raises, for the first place at which it does.
    """
    return _by_processes(make, places, workers) if workers else _by_a_thread(make, places)


def _by_a_thread(make: Callable[[int], T], places: range) -> Iterator[T]:
    with ThreadPoolExecutor(1) as pool:
        pending = [pool.submit(make, place) for place in places[:_AHEAD]]
        for number in range(len(places)):
            made = pending.pop(0).result()
            pending += [pool.submit(make, place) for place in places[number + _AHEAD : number + _AHEAD + 1]]
            yield made


def _by_processes(make: Callable[[int], T], places: range, workers: int) -> Iterator[T]:
    loader = DataLoader(
        _Places(make),
        batch_size=None,
        sampler=places,
        num_workers=workers,
        prefetch_factor=_AHEAD,
        multiprocessing_context="fork",
        pin_memory=torch.cuda.is_available(),
    )
    for parcel in loader:
        made = unpack(parcel)
        if isinstance(made, InputError):
            raise made
        yield made


class _Places(Dataset[Parcel]):
    """What `make` returns by place. An error is handed on as a value: a loader would lose its parts."""

    def __init__(self, make: Callable[[int], object]) -> None:
        self._make = make

    def __getitem__(self, place: int) -> Parcel:
        try:
            return pack(self._make(place))
        except InputError as error:
            return pack(error)
