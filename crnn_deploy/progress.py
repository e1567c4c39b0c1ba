"""How long-running work tells its caller how far it is, without knowing about terminals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Receives progress. The command line draws bars with it; the library stays silent by default."""

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        """Yield `items` unchanged, counting them from `done` towards `total`."""
        ...

    def status(self, text: str) -> None:
        """Say what the running work looks like now, such as the current loss; replaces the last status."""
        ...

    def log(self, text: str) -> None:
        """Say something that stays readable above the bars, such as a finished epoch."""
        ...


class Told:
    """Hands all on to another `Progress`, and keeps what is said.

    Attributes:
        sentences: said so far.
    """

    def __init__(self, progress: Progress) -> None:
        self.track = progress.track
        self.status = progress.status
        self.sentences: list[str] = []
        self._log = progress.log

    def log(self, text: str) -> None:
        self.sentences.append(text)
        self._log(text)


class Silent:
    """A `Progress` that says nothing."""

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        yield from items

    def status(self, text: str) -> None:
        pass

    def log(self, text: str) -> None:
        pass


SILENT: Progress = Silent()
