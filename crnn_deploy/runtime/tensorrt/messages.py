"""Messages of TensorRT.

TensorRT uses the first logger that it gets for the whole process, even after the objects that came with it were
deleted: the logger must live as long as the process.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator
from typing import Any

COMPLAINTS = ("INTERNAL_ERROR", "ERROR")
"""Severities of errors."""


class Messages:
    """Messages with their severities, in order."""

    def __init__(self) -> None:
        self._messages: list[tuple[str, str]] = []

    def add(self, severity: str, message: str) -> None:
        self._messages.append((severity, message))

    def text(self) -> str:
        """All messages, as a log file."""
        return "".join(f"[{severity}] {message}\n" for severity, message in self._messages)

    def of(self, *severities: str) -> tuple[str, ...]:
        """Messages of these severities, such as `WARNING`, each once."""
        return tuple(dict.fromkeys(message.strip() for severity, message in self._messages if severity in severities))

    def starting_with(self, heading: str) -> tuple[str, ...]:
        """Messages that begin with a heading."""
        return tuple(message for _, message in self._messages if message.startswith(heading))


@contextlib.contextmanager
def hearing(trt: Any, messages: Messages) -> Iterator[Any]:
    """The logger of the TensorRT module `trt`; its messages go to `messages` within the block."""
    logger = _logger(trt)
    logger.listeners.append(messages)
    try:
        yield logger
    finally:
        logger.listeners.remove(messages)


@functools.cache
def _logger(trt: Any) -> Any:
    class Logger(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.listeners: list[Messages] = []

        def log(self, severity: Any, msg: str) -> None:
            if self.listeners:
                self.listeners[-1].add(severity.name, msg)
            elif severity.name in COMPLAINTS:  # such as why a run failed
                logging.getLogger(__name__).error(msg)

    return Logger()
