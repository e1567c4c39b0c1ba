"""Ranks: the processes that `torchrun` starts for one command, how they deal work, and how they exchange results.

What one of them fails at is told by itself, and ends the others: their next exchange finds the connection closed, and
`torchrun` ends those that are not in an exchange.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import Any, TypeVar

from crnn_deploy.errors import CrnnDeployError, InputError

T = TypeVar("T")

EXCHANGE_TIMEOUT = timedelta(hours=6)
"""How long a process waits for others that have more to do. One that ends is noticed at once; this limit is for a
machine that falls silent, such as after a loss of power."""

_END = -1  # in place of the length of a message: there are no more


@dataclass(frozen=True)
class Ranks:
    """This process among all `count` processes, and among the `local_count` on its machine.

    The first of all has rank 0, the first of a machine the local rank 0.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    local_count: int = 1
    group: Any = field(default=None, repr=False, compare=False)  # of `torch.distributed`; None: that of all processes

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def threads(self) -> int | None:
        """Threads for a runtime, so that all processes of the machine together use its cores; None: it may choose."""
        return None if self.local_count == 1 else max(1, usable_cores() // self.local_count)

    def deal(self, things: Iterable[T]) -> Iterator[T]:
        """The share of this process: every `count`-th of the things, which are the same in all processes."""
        return islice(things, self.rank, None, self.count)

    def gather(self, value: T) -> list[T]:
        """What each process gives, by rank. All must call it at the same point, as with all methods below.

        Raises:
            InputError: if another process has ended.
        """
        if self.count == 1:
            return [value]
        from torch import distributed

        values: list[Any] = [None] * self.count
        with _heard():
            distributed.all_gather_object(values, value, self.group)
        return values

    def from_first(self, value: T) -> T:
        """What the first process gives. Raises as `gather` does."""
        if self.count == 1:
            return value
        from torch import distributed

        values: list[Any] = [value if self.first else None]
        with _heard():
            distributed.broadcast_object_list(values, 0, self.group)
        return values[0]  # type: ignore[no-any-return]

    def wait(self) -> None:
        """Wait until all processes are here. Raises as `gather` does."""
        self.gather(None)

    def interleaved(self, own: Iterable[T]) -> Iterator[T]:
        """In the first process: the first thing of each process by rank, then the second of each, and so on.

        In the others nothing comes: their things are made and sent while the first process takes them. An error that
        making them raises is raised in the first process, in the place of the thing.

        Raises:
            InputError: if another process has ended.
        """
        if self.count == 1:
            yield from own
        elif self.first:
            yield from self._received(own)
        else:
            try:
                for thing in own:
                    self._send(thing)
            except CrnnDeployError as error:
                self._send(error)  # the last thing that the first process takes
            else:
                self._send_end()

    def _received(self, own: Iterable[T]) -> Iterator[T]:
        streams = [iter(own), *(self._stream(rank) for rank in range(1, self.count))]
        while streams:
            for stream in list(streams):
                for thing in islice(stream, 1):
                    if isinstance(thing, CrnnDeployError):
                        raise thing
                    yield thing
                    break
                else:
                    streams.remove(stream)

    def _stream(self, rank: int) -> Iterator[Any]:
        """What the process of this rank sends."""
        import torch
        from torch import distributed

        while True:
            size = torch.zeros(1, dtype=torch.int64)
            with _heard():
                distributed.recv(size, rank, self.group)
            if size.item() == _END:
                return
            data = torch.zeros(int(size.item()), dtype=torch.uint8)
            with _heard():
                distributed.recv(data, rank, self.group)
            yield pickle.loads(data.numpy().tobytes())

    def _send(self, thing: object) -> None:
        import torch
        from torch import distributed

        data = torch.frombuffer(bytearray(pickle.dumps(thing)), dtype=torch.uint8)
        with _heard():
            distributed.send(torch.tensor([len(data)]), 0, self.group)
            distributed.send(data, 0, self.group)

    def _send_end(self) -> None:
        import torch
        from torch import distributed

        with _heard():
            distributed.send(torch.tensor([_END]), 0, self.group)


ALONE = Ranks()


def usable_cores() -> int:
    """Logical processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def named_ranks() -> Ranks:
    """This process as `torchrun` names it in the environment; `ALONE` where there is no `torchrun`.

    The processes are not connected by it: nothing can be exchanged.

    Raises:
        InputError: if a variable is no number, or a count is 0.
    """
    least = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
    texts = {name: os.environ.get(name, str(number)) for name, number in least.items()}
    wrong = [name for name, text in texts.items() if not text.isdecimal() or int(text) < least[name]]
    if wrong:
        raise InputError(
            f"{wrong[0]}={texts[wrong[0]]} is no number from {least[wrong[0]]} on.",
            "torchrun sets this variable.",
            "Start with torchrun, or unset it.",
        )
    return Ranks(*map(int, texts.values()))


@contextlib.contextmanager
def connected_ranks() -> Iterator[Ranks]:
    """The same, connected with the other processes until the end of the block: all of them must come here.

    Raises:
        InputError: if they can't be connected.
    """
    ranks = named_ranks()
    if ranks.count == 1:
        yield ALONE
        return
    from torch import distributed

    in_training = distributed.is_initialized()  # its group may be one for GPUs only
    try:
        if in_training:
            group = distributed.new_group(backend="gloo", timeout=EXCHANGE_TIMEOUT)
        else:
            distributed.init_process_group("gloo", timeout=EXCHANGE_TIMEOUT)
            group = None
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"The {ranks.count} processes of this command can't be connected: {error}.",
            "One of them has ended; or WORLD_SIZE says that there are several, and they were not started by torchrun.",
            "Start them with torchrun; or unset WORLD_SIZE, to work with one process.",
        ) from None
    connected = replace(ranks, group=group)
    try:
        yield connected
        connected.wait()  # none leaves while another still takes what it sent
    finally:
        distributed.destroy_process_group(group)


def require_one_process(what: str) -> None:
    """Raise `InputError` if this is one of several processes: `what` is done by one, such as `Reading whole pages`."""
    if named_ranks().count > 1:
        raise InputError(f"{what} is done by one process.", "torchrun started several.", "Start without torchrun.")


@contextlib.contextmanager
def _heard() -> Iterator[None]:
    """Raises `InputError` where another process does not answer."""
    try:
        yield
    except RuntimeError as error:
        raise InputError(
            "Another process of this command has ended, or does not answer any more.",
            "Its own message says why; without one it was killed, or its machine is lost.",
            "Repeat the command.",
        ) from error
